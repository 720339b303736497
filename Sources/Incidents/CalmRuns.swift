// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The calm runs of several inputs, one each: their events come by turns.
struct CalmRuns {
    private let steps: [CalmStep]
    /// Places for runs; those that have ended are used again.
    private var runs: [CalmRun] = []
    private var free: [Int] = []
    /// By input, the place of its run, or -1.
    private var places: [Int]

    /// Inputs whose runs are kept at once: thousands of small logs have little to gain.
    private static let limit = 64

    init(_ patterns: [PatternInfo], inputs: Int) {
        steps = patterns.map { CalmStep($0) }
        places = Array(repeating: -1, count: inputs)
    }

    /// The place of the run that is on in an input.
    @inline(__always)
    func place(of input: Int) -> Int? { places[input] < 0 ? nil : places[input] }

    subscript(place: Int) -> CalmRun {
        _read { yield runs[place] }
        _modify { yield &runs[place] }
    }

    /// Begins a run with the server whose process is `owner`.
    mutating func begin(_ number: Int, _ owner: InstanceMap.ProcessKey) {
        guard places[owner.input] < 0 else { return }
        if free.isEmpty {
            guard runs.count < Self.limit else { return }
            free.append(runs.count)
            runs.append(CalmRun(steps))
        }
        let place = free.removeLast()
        runs[place].begin(number, owner)
        places[owner.input] = place
    }

    /// Ends the run of an input, if one is on.
    mutating func end(
        input: Int, _ trackers: inout [InstanceTracker], _ merge: inout EventMerge
    ) {
        let place = places[input]
        guard place >= 0 else { return }
        runs[place].end(&trackers[runs[place].number], &merge)
        places[input] = -1
        free.append(place)
    }

    /// Ends all runs, so that anybody may look at any tracker.
    mutating func endAll(_ trackers: inout [InstanceTracker], _ merge: inout EventMerge) {
        guard free.count < runs.count else { return }
        for run in runs where run.isOn { end(input: run.owner.input, &trackers, &merge) }
    }
}

extension Event {
    /// Whether the trackers of other servers than its writer's are looked at for its sake.
    var concernsOthers: Bool {
        switch header.form {
        case .kernel, .daemon: return true
        default: break
        }
        switch kind {
        case .sentinel_switch, .sentinel_down, .save_status: return true
        default: return header.pid == 0 || isClients || makesMaster
        }
    }
}
