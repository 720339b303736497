// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Wrapper {
    /// The time that a shipper of logs keeps beside a record in an object of JSON or a row of CSV
    /// (`"@timestamp":"2026-11-22T11:50:58.339Z"`); `.none` where none with a zone stands there.
    /// Before the record its header ends the search, since that holds a time too.
    static func shipperTime(_ line: Span<UInt8>, around message: Range<Int>) -> Stamp {
        time(line, in: 0..<max(0, message.lowerBound - headerLength))
            ?? time(line, in: message.upperBound..<line.count) ?? .none
    }

    /// Bytes of the shortest header of a record that may stand inside of other text:
    /// `[1] 15 Sep 16:00:02 # `.
    private static let headerLength = 22
    /// Bytes that are searched on either side.
    private static let reach = 4096

    private static func time(_ line: Span<UInt8>, in range: Range<Int>) -> Stamp? {
        for i in range.prefix(reach) where isDigit(line[i]) && line.byte(i + 4) == 0x2D {
            // A value begins behind a quotation mark, a comma or a blank, or with the line.
            let before = i > 0 ? line[i - 1] : 0x2C
            guard before == 0x22 || before == 0x2C || before == 0x20 || before == 0x09,
                let (stamp, end) = StampParser.iso8601(line, at: i), end <= range.upperBound,
                stamp.form == .zoned
            else { continue }
            return stamp
        }
        return nil
    }
}
