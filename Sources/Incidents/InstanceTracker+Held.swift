// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Lines that the next line may put in another light

extension InstanceTracker {
    /// Settles what is held before `event` is taken; false where `event` has nothing more to say.
    mutating func release(before event: Event) -> Bool {
        guard held != nil else { return true }
        switch held {
        case nil: return true
        case .fork(let refused): releaseFork(refused, before: event)
        case .report(let report): return releaseReport(report, before: event)
        case .rewrite(let rewrite): releaseRewrite(rewrite, before: event)
        case .crashTitle(let title): releaseCrash(title, before: event)
        }
        return true
    }

    /// The data has ended, or a new process has begun: nothing more will tell.
    mutating func releaseHeld() {
        let last = held
        held = nil
        switch last {
        case nil: break
        case .fork(let refused):
            forkRefused(refused, refused.operation ?? .unknown, writesFile: true)
        case .report(let report): reported(report)
        case .rewrite(let rewrite): creditRewrite(rewrite)
        case .crashTitle(let title): if children.isEmpty { crash(title) }
        }
    }

    private mutating func releaseFork(_ refused: Event, before event: Event) {
        guard event.kind == .sync_refused, event.maySharePID(with: refused),
            event.isWithin(Self.triggerReach, after: refused)
        else {
            releaseHeld()
            return
        }
        held = nil
        forkRefused(refused, .full_sync, writesFile: false)
    }

    /// The port writes up to three lines about one refusal, the classic one last.
    private mutating func releaseReport(_ report: Event, before event: Event) -> Bool {
        guard event.isWithin(2, after: report), event.maySharePID(with: report) else {
            releaseHeld()
            return true
        }
        switch event.kind {
        case .fork_failed_reported where event.isFromWindowsPort: return false
        case .operation_failed where event.isFromWindowsPort: return false
        case .fork_failed:
            held = nil
            platformReport = report
        default: releaseHeld()
        }
        return true
    }

    private mutating func releaseRewrite(_ rewrite: Event, before event: Event) {
        switch event.kind {
        case .rewrite_detail, .copy_on_write: break
        case .aof_file_error, .aof_write_error:
            guard isFromServer(event), event.isWithin(Self.triggerReach, after: rewrite) else {
                releaseHeld()
                return
            }
            held = nil
        default: releaseHeld()
        }
    }

    /// Lines with a header say whose crash it is.
    private mutating func releaseCrash(_ title: Event, before event: Event) {
        switch event.kind.chapter {
        case .crash: held = nil
        case .life: releaseHeld()
        default: held = nil
        }
    }
}

extension Event {
    var isFromWindowsPort: Bool { patternID.hasPrefix("reported.windows-") }
}
