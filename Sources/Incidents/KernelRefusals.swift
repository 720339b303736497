// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Refusals that the kernel tells of: accounting (`__vm_enough_memory`) and the pids controller.
///
/// Beside a refused fork in a server's log they are evidence. Those that no server's log explains
/// are an incident of their own, since the log may be of another server, or be missing.
struct KernelRefusals {
    private var lines: [Line] = []
    /// Lines that say how many refusals the kernel did not print, of whatever process.
    private var suppressed: [Event] = []
    /// Inputs that tell of refusals to other programs.
    private var inputsWithOthers: Set<Int> = []
    private static let lineLimit = 4096
    /// How far a stamp of the kernel's log may lie from the server's line.
    private static let reach = 60.0

    private struct Line {
        var event: Event
        var host: String?
    }

    /// What no log explains, of one process or one group: the lines of the input that has most,
    /// since several inputs may be copies of one kernel log.
    struct Group {
        var first: Event
        var lines: [Event]
        var host: String?
        /// Lines that the kernel left out, where they can be of nobody else.
        var suppressed: [Event] = []
    }

    var isEmpty: Bool { lines.isEmpty }

    mutating func note(_ event: Event, host: @autoclosure () -> String?) {
        switch event.kind {
        case .kernel_commit_refused, .pids_rejected: break
        case .kernel_suppressed:
            if suppressed.count < Self.lineLimit { suppressed.append(event) }
            return
        default: return
        }
        guard event.isServerFamily else {
            inputsWithOthers.insert(event.source.input)
            return
        }
        guard lines.count < Self.lineLimit else { return }
        lines.append(Line(event: event, host: host()))
    }

    /// Groups in the order of their first lines.
    func unexplained(by incidents: [Incident]) -> [Group] {
        var byProcess: [String: [Int: [Line]]] = [:]
        var order: [String] = []
        for line in lines where !incidents.contains(where: { Self.explains($0, line) }) {
            let key =
                "\(line.event.kind.rawValue) \(line.host ?? "") "
                + (line.event["pid"] ?? line.event["cgroup"] ?? "")
            if byProcess[key] == nil { order.append(key) }
            byProcess[key, default: [:]][line.event.source.input, default: []].append(line)
        }
        return order.compactMap { key in
            // The copy that dates most of its lines; of equals the longer one, then the first.
            let copies = (byProcess[key] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
            let best = copies.max { a, b in
                let (x, y) = (a.count { $0.event.at != nil }, b.count { $0.event.at != nil })
                return (x, a.count) < (y, b.count)
            }
            guard let best, let first = best.first else { return nil }
            var group = Group(first: first.event, lines: best.map(\.event), host: first.host)
            group.suppressed = hidden(beside: first)
            return group
        }
    }

    /// What the kernel did not print after the first line of a process, where its log tells of
    /// refusals to no other.
    private func hidden(beside first: Line) -> [Event] {
        let (event, input) = (first.event, first.event.source.input)
        let isAlone = lines.allSatisfy {
            $0.event.source.input != input || $0.event["pid"] == event["pid"]
        }
        guard event.kind == .kernel_commit_refused, isAlone, !inputsWithOthers.contains(input)
        else {
            return []
        }
        return suppressed.filter {
            $0.source.input == input && $0.source.line > event.source.line
        }
    }

    /// Whether the server of an incident may be the one whose process the line is about, then.
    private static func explains(_ incident: Incident, _ line: Line) -> Bool {
        let instance = incident.instance
        if let host = instance.host, let other = line.host, host != other { return false }
        guard incident.kind == .fork_failure else {
            // A server that gave up for want of memory was refused it.
            return incident.kind == .server_crash && isNear(incident, line)
        }
        if let pid = line.event.int("pid"), !instance.pids.isEmpty,
            !instance.pids.contains(Int32(clamping: pid)), instance.pids.allSatisfy({ $0 >= 100 })
        {
            return false
        }
        return isNear(incident, line)
    }

    private static func isNear(_ incident: Incident, _ line: Line) -> Bool {
        guard let at = line.event.at, let from = incident.startedAt else { return true }
        let to = incident.lastFailureAt ?? from
        return at >= from.adding(seconds: -reach) && at <= to.adding(seconds: reach)
    }
}

extension InstanceTracker {
    /// Draws the incident of which the kernel alone tells: what was refused, no server's line says.
    mutating func report(_ refusals: KernelRefusals.Group) {
        beginCounting()
        if instance.pids.isEmpty, let pid = refusals.first.int("pid") {
            instance.pids = [Int32(clamping: pid)]
        }
        instance.host = instance.host ?? refusals.host
        open(.fork_failure, refusals.first)
        draft?.set { $0.failures.total = nil }
        for line in refusals.lines {
            draft?.kernelRefusals += 1
            draft?.add(
                line, severity: .failure, text: TimelineText.plain(line), sources: sources)
            draft?.fail(.operation(.unknown), at: line.at)
        }
        for event in refusals.suppressed { kernelRefused(event) }
        draft?.isFollowUpOnly = false
        finish()
    }
}
