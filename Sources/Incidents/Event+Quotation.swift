// SPDX-License-Identifier: Apache-2.0
// Lines that clients wrote, and those that only quote a server's reply.

internal import Model

extension Event {
    /// Whether a client wrote the line, and no server.
    var isClients: Bool {
        switch kind {
        case .writes_refused, .memory_refused: patternID.hasPrefix("reported.")
        default: false
        }
    }

    /// Whether the line may quote a server's reply as guides do: nothing tells when somebody was
    /// refused, and it is not what a program prints that was.
    var isQuotation: Bool {
        guard isClients, at == nil, header.stamp.form == .none else { return false }
        let text = line.drop { $0 == " " || $0 == "\t" }
        if text.hasPrefix("(error) ") || text.hasPrefix("-MISCONF") { return false }
        return !text.holdsTime && !text.beginsWithException
    }
}

extension Substring {
    /// Whether a time of day or seconds since 1970 stand somewhere: `11:52:10`, `1795348800`.
    fileprivate var holdsTime: Bool {
        var digits = 0
        var pairs = 0
        for byte in utf8 {
            if byte &- 0x30 < 10 {
                digits += 1
                if digits >= 10 || pairs == 2 && digits == 2 { return true }
            } else {
                pairs = byte == 0x3A && digits >= 2 ? pairs + 1 : 0
                digits = 0
            }
        }
        return false
    }

    /// `redis.exceptions.ResponseError: MISCONF …`, `Caused by: …Exception: MISCONF …`
    fileprivate var beginsWithException: Bool {
        let text = hasPrefix("Caused by: ") ? dropFirst(11) : self
        let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" || $0 == "$" }
        return name.hasSuffix("Error") || name.hasSuffix("Exception")
    }
}
