// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Round amounts of memory from nothing to a little over the largest value.
struct ByteScale {
    let top: Int64
    let ticks: [Int64]

    init(top largest: Int64) {
        let largest = max(1, min(largest, 1 << 58))
        var step: Int64 = 1
        // 1, 2 and 5 do not divide a binary unit; powers of two do.
        while step * 5 < largest { step *= 2 }
        let count = (largest + step - 1) / step
        top = max(1, count) * step
        ticks = (0...max(1, count)).map { $0 * step }
    }
}

/// Round times of an axis.
struct TimeTicks {
    let instants: [Timestamp]
    private let step: Int64

    private static let steps: [Int64] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
        86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ]

    /// At most `count` of them within the span.
    init(from: Timestamp, to: Timestamp, count: Int) {
        let first = from.nanoseconds.flooredQuotient(by: 1_000_000_000).quotient
        let last = to.nanoseconds.flooredQuotient(by: 1_000_000_000).quotient
        let length = max(1, last - first)
        let step =
            Self.steps.first { length / $0 < Int64(count) } ?? max(1, length / Int64(count))
        self.step = step
        var instants: [Timestamp] = []
        var next = (first + step - 1).flooredQuotient(by: step).quotient * step
        while next <= last, instants.count <= count {
            instants.append(Timestamp(seconds: next))
            next += step
        }
        self.instants = instants
    }

    /// As precise as the step is.
    func label(_ at: Timestamp) -> String {
        let civil = CivilTime(timestamp: at)
        if step >= 86_400 { return civil.date }
        let isMidnight = civil.hour == 0 && civil.minute == 0 && civil.second == 0
        if isMidnight { return civil.date }
        return step >= 60 ? String(civil.clockToSecond.dropLast(3)) : civil.clockToSecond
    }
}
