// SPDX-License-Identifier: Apache-2.0

internal import Model

extension ClockEvidence {
    /// Compares a record's local stamp with the known instant that a wrapper put beside it.
    ///
    /// Zones lie on quarter hours; what is more than two minutes off one says nothing.
    mutating func noteWrapper(_ wrapper: Stamp, beside local: Stamp, line: Int) {
        let instant = Timestamp(nanoseconds: wrapper.nanoseconds)
        let year = local.form == .localWithoutYear ? local.year(near: instant) : 0
        let written = local.form == .localWithoutYear ? local.inYear(year) : local.nanoseconds
        let difference = written &- wrapper.nanoseconds
        let quarter: Int64 = 900_000_000_000
        let quarters = (difference + (difference < 0 ? -quarter / 2 : quarter / 2)) / quarter
        guard abs(difference - quarters * quarter) < 120_000_000_000, abs(quarters) <= 56 else {
            return
        }
        let span = OffsetSpan(line: line, offsetSeconds: Int(quarters) * 900, year: year)
        if let last = offsets.last, last.offsetSeconds == span.offsetSeconds { return }
        if offsets.count < 1000 { offsets.append(span) }
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
