// SPDX-License-Identifier: Apache-2.0

internal import Incidents
internal import Model
internal import Reading

/// All inputs with their stamps placed in time: each by what it says of its own clock, then by what
/// others show (`Placement+Settling.swift`).
struct Placement {
    private(set) var sources: [SourceEvents] = []
    private(set) var inputs: [InputReport] = []
    private(set) var snapshots: [SnapshotSource] = []
    private(set) var clocks: [InputClock] = []
    private(set) var extractions: [Extraction]
    let patterns: [PatternInfo]
    let options: ClockOptions
    /// What is known of each input's clock from others.
    private(set) var hints: [ClockHints]

    init(_ extractions: [Extraction], options: ClockOptions, patterns: [PatternInfo]) {
        self.extractions = extractions
        self.patterns = patterns
        self.options = options
        hints = Array(repeating: ClockHints(), count: extractions.count)
        sources.reserveCapacity(extractions.count)
        inputs.reserveCapacity(extractions.count)
        clocks.reserveCapacity(extractions.count)
        for i in extractions.indices {
            let (source, input, clock) = resolved(i)
            sources.append(source)
            inputs.append(input)
            clocks.append(clock)
        }
        settle()
        alignSkews()
        alignKernels()
        for (extraction, clock) in zip(extractions, clocks) where extraction.snapshots.count > 0 {
            snapshots.append(
                SnapshotSource(
                    path: extraction.facts.path, log: extraction.snapshots,
                    modifiedAt: extraction.facts.clock.modifiedAt
                ) { stamp, line in
                    var clock = clock
                    return clock.instant(of: stamp, line: line)
                })
        }
    }

    /// Places an input anew by what has become known of its clock.
    mutating func learn(_ i: Int, _ note: (inout ClockHints) -> Void) {
        note(&hints[i])
        (sources[i], inputs[i], clocks[i]) = resolved(i)
    }

    /// Takes an input whose parts were sorted as its lines stand.
    mutating func restoreOrder(_ i: Int, _ restored: Extraction) { extractions[i] = restored }

    /// Places the stamps of one input in time.
    private func resolved(_ i: Int) -> (SourceEvents, InputReport, InputClock) {
        let extraction = extractions[i]
        var options = options
        options.now = extraction.readAt ?? options.now
        var clock = InputClock(extraction.facts, options, hints[i])
        let fresh = clock
        var input = InputReport(facts: extraction.facts)
        input.snapshots = extraction.snapshots.count
        input.firstAt = clock.instant(of: extraction.facts.clock.first, line: 1)
        var log = extraction.log
        let info =
            log.count > 0 && extraction.snapshots.count > 0
            ? InfoStatus.all(in: extraction.snapshots) { clock.instant(of: $0, line: $1) } : [:]
        log.place { stamp, line in
            if let at = clock.instant(of: stamp, line: line) { return at }
            guard let at = info[line]?.at else { return nil }
            // The INFO in which it stands says when.
            input.facts.undated -= 1
            return at
        }
        input.lastAt = clock.instant(of: extraction.facts.clock.last, line: extraction.facts.lines)
        input.events = extraction.log.count
        if clock.isWithoutBoot(extraction.facts) {
            log.forEachHeader { i, _, header in
                if header.stamp.form == .uptime, log.instant(at: i) == nil {
                    input.facts.undated += 1
                }
            }
        }
        input.clock = clock.segments(extraction.facts, from: input.firstAt, to: input.lastAt)
        let source = SourceEvents(
            facts: extraction.facts, log: log, info: info, isMoved: hints[i].skew != 0)
        return (source, input, fresh)
    }
}
