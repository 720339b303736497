// SPDX-License-Identifier: Apache-2.0
// What times before a record, its wrapper's or the kernel's since boot, show of the record's clock.

package import Model

extension ClockEvidence {
    /// Compares a record's local stamp with the time that a wrapper put beside it.
    ///
    /// Zones lie on quarter hours; what is more than two minutes off one says nothing of the zone. A
    /// wrapper without a zone says nothing of it either, only how far the two are apart.
    mutating func noteWrapper(_ wrapper: Stamp, beside local: Stamp, line: Int) {
        let received = wrapper.form == .localWithoutYear ? wrapper.inYear(of: local) : wrapper
        let instant = Timestamp(nanoseconds: received.nanoseconds)
        let year = local.form == .localWithoutYear ? local.year(near: instant) : 0
        let written = local.form == .localWithoutYear ? local.inYear(year) : local.nanoseconds
        let later = received.nanoseconds &- written
        wrappers.note(later)
        guard let new = OffsetCandidate(line: line, received.nanoseconds, later: later, year: year)
        else {
            candidate = nil
            outerCandidate = nil
            return
        }
        if wrapper.isKnownInstant {
            wrappers.noteAgreement(new.lag)
            new.extend(&offsets, &candidate)
        } else {
            wrappers.outer += 1
            var ahead = new
            ahead.span.offsetSeconds = -new.span.offsetSeconds
            ahead.extend(&outerOffsets, &outerCandidate)
        }
    }

    /// Ends the input: decides on an offset that only its last records show, and drops all where
    /// most records show none. Those were received long after they were written.
    mutating func settleOffsets() {
        let strays = wrappers.records - wrappers.agreeing - wrappers.outer
        if strays == 0, offsets.isEmpty, let candidate { offsets = [candidate.span] }
        if strays == 0, outerOffsets.isEmpty, let outerCandidate {
            outerOffsets = [outerCandidate.span]
        }
        (candidate, outerCandidate) = (nil, nil)
        if strays > wrappers.agreeing, wrappers.agreeing > 0 { offsets = [] }
        if strays > wrappers.outer { outerOffsets = [] }
        // What stood above the first line that shows both clocks was compared without that.
        if let first = outerOffsets.first, first.offsetSeconds != 0 {
            setbacks.removeAll { $0.line <= first.line }
        }
    }

    /// Compares a record's own stamp with the time since boot before it: the wall clock at boot, by
    /// the record's clock. Another one is another boot, or a clock that was set.
    mutating func noteUptime(_ uptime: Stamp, beside stamp: Stamp, line: Int) {
        guard stamp.form != .none, uptimes.count < 64 else { return }
        if let last = uptimes.last, last.local.form == stamp.form {
            let before = last.local.nanoseconds &- last.instant.nanoseconds
            let now = stamp.nanoseconds &- uptime.nanoseconds
            if abs(now &- before) < 2_000_000_000 { return }
        }
        uptimes.append(
            ClockAnchor(
                line: line, instant: Timestamp(nanoseconds: uptime.nanoseconds), local: stamp))
    }
}

extension OffsetCandidate {
    /// What a wrapper's time says that is `later` than the record's as written; `nil` where no zone
    /// explains that, give or take two minutes. Zones lie on quarter hours.
    fileprivate init?(line: Int, _ received: Int64, later: Int64, year: Int) {
        let quarter: Int64 = 900_000_000_000
        let quarters = (later &+ (later < 0 ? -quarter / 2 : quarter / 2)) / quarter
        let lag = later &- quarters * quarter
        guard abs(lag) < 120_000_000_000, abs(quarters) <= 56 else { return nil }
        self.init(
            span: OffsetSpan(line: line, offsetSeconds: -Int(quarters) * 900, year: year),
            received: received, lag: lag)
    }

    /// Adds this to the offsets that are known. One holds from the record on that shows it to two
    /// seconds, else from the first of two on that show it a second apart, and as late.
    fileprivate func extend(_ spans: inout [OffsetSpan], _ candidate: inout OffsetCandidate?) {
        if let last = spans.last, last.offsetSeconds == span.offsetSeconds {
            candidate = nil
            return
        }
        var new = self
        if let known = candidate, known.span.offsetSeconds == span.offsetSeconds,
            abs(known.lag - lag) < 5_000_000_000
        {
            guard abs(received &- known.received) >= 1_000_000_000 else { return }
            new = known
        } else if abs(lag) > 2_000_000_000 {
            candidate = self
            return
        }
        if spans.count < 1000 { spans.append(new.span) }
        candidate = nil
    }
}

extension ClockEvidence {
    /// A local stamp on the clock of the input's records, as far as the lines above show it.
    func recordTime(of stamp: Stamp) -> Int64 {
        stamp.nanoseconds &- outerAhead(of: stamp, .max)
    }

    /// What a wrapper's local time on `line` is ahead of the records', in nanoseconds; 0 for stamps of
    /// the records' own.
    package func outerAhead(of stamp: Stamp, _ line: Int) -> Int64 {
        guard stamp.isOuter, let first = outerOffsets.first else { return 0 }
        let span = outerOffsets.last { $0.line <= line } ?? first
        return Int64(span.offsetSeconds) * 1_000_000_000
    }
}

extension WrapperTimes {
    /// Notes by how many nanoseconds a wrapper's time is later than the record's.
    fileprivate mutating func note(_ later: Int64) {
        written = records == 0 ? later...later : written.including(later)
        records += 1
    }

    fileprivate mutating func noteAgreement(_ later: Int64) {
        lag = agreeing + instants == 0 ? later...later : lag.including(later)
        agreeing += 1
    }

    /// Notes a wrapper's instant beside a record that names its own.
    mutating func note(_ wrapper: Stamp, beside record: Stamp) {
        let later = wrapper.nanoseconds &- record.nanoseconds
        lag = agreeing + instants == 0 ? later...later : lag.including(later)
        instants += 1
    }

    /// The span in seconds, under the offset that all records were placed with; `nil` where they were
    /// placed with the offsets that wrappers show, or with their own.
    func spoken(offsetSeconds: Int?) -> WrapperLag? {
        guard (offsetSeconds == nil ? agreeing + instants : records) > 0 else { return nil }
        let moved = Int64(offsetSeconds ?? 0) * 1_000_000_000
        let range =
            offsetSeconds == nil
            ? lag : written.lowerBound &+ moved...written.upperBound &+ moved
        return WrapperLag(
            least: Double(range.lowerBound / 1_000_000) / 1000,
            most: Double(range.upperBound / 1_000_000) / 1000)
    }
}

extension ClosedRange<Int64> {
    fileprivate func including(_ value: Int64) -> Self {
        Swift.min(lowerBound, value)...Swift.max(upperBound, value)
    }
}

extension Stamp {
    /// This stamp without a year in the year in which it is nearest to `other`, if that has one.
    fileprivate func inYear(of other: Stamp) -> Stamp {
        guard other.form == .local else { return self }
        var out = self
        out.nanoseconds = inYear(year(near: Timestamp(nanoseconds: other.nanoseconds)))
        return out
    }
}
