// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Crashes

extension InstanceTracker {
    mutating func takeCrash(_ event: Event) {
        if event.kind == .crash_report_started {
            held = .crashTitle(event)
            return
        }
        if isChildsCrash(event) {
            noteChildsCrash(event)
            return
        }
        switch event.kind {
        case .crash_detail: if life.end?.isCrash == true { draft?.observe(event) }
        // Data that cannot be loaded for want of memory is the loader's to report.
        case .allocation_failed where event["fatal"] == nil: show(event, .failure)
        default: crash(event)
        }
    }

    private func isChildsCrash(_ event: Event) -> Bool {
        let pid = event.header.pid
        if pid != 0, children.contains(pid) { return true }
        // Raw lines of a report carry the process of the line before them.
        if let first = childCrash.first, first.header.pid == pid, pid != 0 { return true }
        return event.header.role == .child && pid != life.pid && life.isKnown
    }

    /// Keeps what tells a defect from a signal that was sent.
    private mutating func noteChildsCrash(_ event: Event) {
        guard childCrash.count < 4, event.kind != .crash_detail || event["uid"] != nil else {
            return
        }
        childCrash.append(event)
    }

    mutating func crash(_ event: Event) {
        open(.server_crash, event)
        draft?.consequence("server_crash")
        draft?.addCrash(event, text: TimelineText.crash(event), sources: sources)
        draft?.fail(.server, at: event.at)
        draft?.isFollowUpOnly = false
        noteEnd(event, isCrash: true, basis: "the process crashed")
    }
}

// MARK: - What the kernel and systemd say

extension InstanceTracker {
    mutating func takeHost(_ event: Event) {
        switch event.kind {
        case .oom_victim, .oomd_kill, .earlyoom_kill: oomKill(event)
        case .kernel_commit_refused, .pids_rejected, .kernel_suppressed:
            guard event.isServerFamily, !isOfAnotherProcess(event) else { return }
            hearKernel(event)
        case .oom_constraint, .oom_invoked, .oom_victim_chosen, .segfault,
            .page_allocation_failed:
            hearKernel(event)
        case .oom_detail:
            // Of a report's many lines the one that names whose limit was met.
            if event["limit_cgroup"] != nil { hearKernel(event) }
        case .hung_task:
            guard event.isServerFamily else { return }
            hungTask = event
            draft?.observe(event)
        case .storage_error:
            storageError = event
            draft?.observe(event)
        default: show(event, .warning)
        }
    }

    /// Whether the kernel names another process than those of this server, which the host numbers:
    /// `KernelRefusals` makes an incident of its own of that.
    private func isOfAnotherProcess(_ event: Event) -> Bool {
        guard let pid = event.int("pid").map({ Int32(clamping: $0) }), instance.isNumberedByHost
        else { return false }
        return pid >= Instance.lowestHostPID && pid != life.pid && !instance.pids.contains(pid)
            && !children.contains(pid)
    }

    /// The kernel's line stands before the server's that it explains: it waits for an incident.
    private mutating func hearKernel(_ event: Event) {
        guard draft == nil else {
            showKernel(event)
            return
        }
        kernelLines = kernelLines.suffix(15) + [event]
    }

    private mutating func showKernel(_ event: Event) {
        switch event.kind {
        case .kernel_commit_refused, .pids_rejected, .kernel_suppressed: kernelRefused(event)
        default: draft?.observe(event)
        }
    }

    /// Counted for what the server's log does not show, and never as failures.
    mutating func kernelRefused(_ event: Event) {
        let count = event.kind == .kernel_suppressed ? event.int("count") ?? 0 : 1
        draft?.kernelRefusals &+= min(max(0, count), 1 << 40)
        if event.kind == .kernel_suppressed { draft?.observe(event) } else { show(event, .failure) }
    }

    /// The kernel's line for the first refusal stands before the server's, by some milliseconds or,
    /// where it was stamped from the time since boot, by more.
    mutating func showKernelLines(before anchor: Event) {
        for line in kernelLines where anchor.seconds(after: line).map({ $0 <= 5 }) ?? false {
            showKernel(line)
        }
        kernelLines.removeAll()
    }
}
