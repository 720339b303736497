// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// Every host sample with lines dropped, doubled, moved and cut: nothing crashes, and no value
/// comes out that does not stand in the intact sample.
struct HostDamageTests {
    private func values(_ lines: [String]) -> Set<Value> {
        Value.all(of: snapshots(lines.joined(separator: "\n")))
    }

    @Test(arguments: HostSample.all) func aMissingLine(_ sample: HostSample) throws {
        let lines = try sample.lines()
        let intact = values(lines)
        for i in lines.indices {
            var damaged = lines
            damaged.remove(at: i)
            let wrong = values(damaged).subtracting(intact)
            #expect(wrong.isEmpty, "without line \(i + 1): \(lines[i]): \(wrong)")
        }
    }

    @Test(arguments: HostSample.all) func aDoubledLine(_ sample: HostSample) throws {
        let lines = try sample.lines()
        let intact = values(lines)
        for i in lines.indices {
            var damaged = lines
            damaged.insert(lines[i], at: i)
            let found = values(damaged)
            #expect(found.isSubset(of: intact), "line \(i + 1) twice: \(lines[i])")
        }
    }

    @Test(arguments: HostSample.all) func manyLinesMissingAndMoved(_ sample: HostSample) throws {
        let lines = try sample.lines()
        var random = Numbers(state: UInt64(sample.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }))
        for _ in 0..<40 {
            var damaged = lines
            for _ in 0..<3 where damaged.count > 2 {
                let from = Int(random.next() % UInt64(damaged.count))
                let line = damaged.remove(at: from)
                damaged.insert(line, at: Int(random.next() % UInt64(damaged.count)))
            }
            _ = values(damaged)
        }
    }

    /// The last number of a row stands to the right below its name: where it ends before that, it is
    /// cut, even in the midst of a file.
    @Test func aRowOfFreeThatEndsTooSoon() throws {
        let lines = try HostSample("free-m.txt").lines()
        let row = try #require(lines.firstIndex { $0.hasPrefix("Mem:") })
        let intact = values(lines)
        for cut in 1...4 {
            var damaged = lines
            damaged[row].removeLast(cut)
            let found = values(damaged)
            #expect(found.isSubset(of: intact) && found.count == intact.count - 1, "\(cut)")
        }
    }

    @Test(arguments: HostSample.all) func carriageReturns(_ sample: HostSample) throws {
        let lines = try sample.lines()
        #expect(values(lines.map { $0 + "\r" }) == values(lines))
    }

    /// A number that is cut at the very end of the input looks whole; all others must be right.
    @Test(arguments: HostSample.all) func cutAtEveryPlace(_ sample: HostSample) throws {
        let bytes = Array(try sample.lines().joined(separator: "\n").utf8)
        let intact = Value.all(
            of: snapshots(String(decoding: bytes, as: UTF8.self)))
        for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 250)) {
            let text = String(decoding: bytes[..<end], as: UTF8.self)
            let last = text.utf8.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
            for var snapshot in snapshots(text) {
                snapshot.values.removeAll { $0.line == last }
                let wrong = Value.all(of: [snapshot]).subtracting(intact)
                #expect(wrong.isEmpty, "cut after \(end) bytes: \(wrong)")
            }
        }
    }
}

/// Numbers that are the same in every run.
private struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
