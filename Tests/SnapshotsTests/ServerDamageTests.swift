// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// What is left of a damaged text is what stands in it: no line gives a value that the whole text
/// does not.
struct ServerDamageTests {
    private struct Value: Hashable {
        let measure: Measure
        let quantity: SnapshotValue.Quantity
    }

    /// Samples, and the constructed texts of other tests.
    static let texts: [(name: String, bytes: [UInt8])] = {
        let samples = ServerSample.all.map { ($0.name, (try? $0.bytes()) ?? []) }
        let constructed = [
            ("inspect.json", ContainerTests.inspect), ("pod.yaml", ContainerTests.yaml),
            ("pod.json", ContainerTests.json), ("dmesg.txt", KernelReportTests.global),
            ("description.txt", ContainerTests.description),
        ]
        return samples + constructed.map { ($0.0, Array($0.1.utf8)) }
    }()

    private static func values(
        _ bytes: [UInt8], _ path: String, before line: Int = .max
    ) -> Set<Value> {
        var out: Set<Value> = []
        for snapshot in ServerSample.read(bytes, path: path).snapshots {
            for value in snapshot.values where value.line < line {
                out.insert(Value(measure: value.measure, quantity: value.quantity))
            }
        }
        return out
    }

    private static func joined(_ lines: [ArraySlice<UInt8>]) -> [UInt8] {
        Array(lines.joined(separator: [0x0A]))
    }

    private static let names = texts.map(\.name)

    private static func text(_ name: String) -> [UInt8] {
        texts.first { $0.name == name }?.bytes ?? []
    }

    @Test(arguments: names)
    func everyTextSaysSomething(name: String) {
        #expect(!Self.values(Self.text(name), name).isEmpty)
    }

    @Test(arguments: names)
    func lostDoubledAndSwappedLinesGiveNoOtherValue(name: String) {
        let whole = Self.values(Self.text(name), name)
        let lines = Self.text(name).split(separator: 0x0A, omittingEmptySubsequences: false)
        let step = max(1, lines.count / 30)
        for i in stride(from: 0, to: lines.count - 1, by: step) {
            var lost = lines
            lost.remove(at: i)
            var doubled = lines
            doubled.insert(lines[i], at: i)
            var swapped = lines
            swapped.swapAt(i, i + 1)
            for damaged in [lost, doubled, swapped] {
                let found = Self.values(Self.joined(damaged), name)
                #expect(found.subtracting(whole).isEmpty, "line \(i + 1)")
            }
        }
    }

    @Test(arguments: names)
    func carriageReturnsChangeNothing(name: String) {
        let lines = Self.text(name).split(separator: 0x0A, omittingEmptySubsequences: false)
        let text = lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
        let returned = Array(text.joined(separator: [0x0D, 0x0A]))
        #expect(Self.values(returned, name) == Self.values(Self.text(name), name))
    }

    /// A number that is cut looks like a number: only the last line may say something else.
    @Test(arguments: names)
    func aCutTextSaysWhatStandsBeforeTheCut(name: String) {
        let bytes = Self.text(name)
        let whole = Self.values(bytes, name)
        for i in 0..<60 {
            let cut = Array(bytes.prefix(bytes.count * i / 60))
            let last = cut.count { $0 == 0x0A } + 1
            let found = Self.values(cut, name, before: last)
            #expect(found.subtracting(whole).isEmpty, "byte \(cut.count)")
        }
    }

    @Test(arguments: names)
    func flippedBytesAreBorne(name: String) {
        var bytes = Self.text(name)
        var seed: UInt64 = 7
        for _ in 0..<20 {
            for _ in 0..<20 where !bytes.isEmpty {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(seed >> 33) % bytes.count] = UInt8(truncatingIfNeeded: seed >> 24)
            }
            for snapshot in ServerSample.read(bytes, path: name).snapshots {
                #expect(!snapshot.values.isEmpty)
            }
        }
    }
}
