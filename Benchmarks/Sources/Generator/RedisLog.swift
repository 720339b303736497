// SPDX-License-Identifier: Apache-2.0

/// What a generated input is to be like.
package struct GeneratorOptions: Sendable, Hashable {
    package var seed: UInt64
    /// The least size.
    package var bytes: Int
    /// Share of lines, or of the servers' entries in a journal, that tell of failures.
    package var incidentRate = 0.0001
    /// Share of lines that only look as if.
    package var decoyRate = 0.000_02
    /// The most that one incident's operation fails before it succeeds again.
    package var attempts = 8
    /// Servers that write to the same journal.
    package var instances = 1
    /// Share of a journal's entries, in percent, that are theirs.
    package var serverPercent = 10

    package init(seed: UInt64, bytes: Int) {
        self.seed = seed
        self.bytes = bytes
    }
}

/// The log of one server, Redis 7.2 with `loglevel debug`.
package struct RedisLog {
    private let options: GeneratorOptions
    private var script: ServerScript
    private var clock: LogClock
    private var out = ByteBuffer(capacity: 1 << 20)
    /// True of what was written so far.
    package private(set) var truth = Truth()

    /// - Parameter server: tells logs of several servers apart: their process ids, ports and times.
    package init(_ options: GeneratorOptions, server: Int = 0) {
        self.options = options
        script = ServerScript(
            number: server,
            rates: ServerScript.Rates(
                incidents: options.incidentRate, decoys: options.decoyRate, chatter: 90,
                attempts: options.attempts, oomKills: false),
            seed: options.seed)
        clock = LogClock(milliseconds: LogClock.start + server * 17)
        truth.instances = 1
        truth.firstAt = clock.milliseconds
    }

    /// Hands the log over, about a MiB at a time, in whole lines.
    package mutating func write(to sink: ([UInt8]) throws -> Void) rethrows {
        try write(while: { true }, to: { bytes, _ in try sink(bytes) })
    }

    /// The same, as long as `goesOn`; with what is true of all that was handed over.
    package mutating func write(
        while goesOn: () -> Bool, to sink: ([UInt8], Truth) throws -> Void
    ) rethrows {
        while truth.bytes < options.bytes, goesOn() {
            while out.count < 1 << 20, truth.bytes < options.bytes {
                script.nextCycle()
                for line in script.lines { add(line) }
            }
            try sink(out.bytes, truth)
            out.removeAll()
        }
    }

    private mutating func add(_ line: ServerScript.Line) {
        let from = out.count
        clock.advance(line.step)
        script.header(of: line, clock: &clock, into: &out)
        out.append(script.text.bytes[line.text])
        out.byte(0x0A)
        truth.bytes += out.count - from
        truth.lines += 1
        truth.entries += 1
        truth.records += 1
        truth.lastAt = clock.milliseconds
        truth.count(line.counts)
    }
}

extension ServerScript {
    /// `1000:M 01 Jan 2025 00:00:00.123 * `
    func header(of line: Line, clock: inout LogClock, into out: inout ByteBuffer) {
        out.number(line.pid)
        switch line.speaker {
        case .child, .start: out.text(":C ")
        case .master, .kernel: out.text(":M ")
        }
        clock.stamp(&out)
        out.byte(0x20)
        out.byte(line.level)
        out.byte(0x20)
    }
}

extension Truth {
    mutating func count(_ counts: ServerScript.Counts) {
        guard !counts.isEmpty else { return }
        if counts.contains(.matches) { matchingLines += 1 }
        if counts.contains(.forkFailure) { forkFailures += 1 }
        if counts.contains(.saveFailure) { saveFailures += 1 }
        if counts.contains(.oomKill) { oomKills += 1 }
        if counts.contains(.saved) { savesSucceeded += 1 }
        if counts.contains(.notSaved) { savesFailed += 1 }
        if counts.contains(.opens) { incidents += 1 }
    }
}
