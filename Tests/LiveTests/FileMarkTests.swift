// SPDX-License-Identifier: Apache-2.0
// A log is known again by what it holds.

import Foundation
import TestSupport
import Testing

@testable import Live

struct FileMarkTests {
    private func bytes(_ count: Int, seed: Int = 0) -> [UInt8] {
        var random = Seeded(seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func mark(of bytes: ArraySlice<UInt8>) -> FileMark {
        var feed = ByteFeed()
        feed.feed(Array(bytes).span) { piece, _ in piece.count }
        return feed.mark
    }

    @Test(arguments: [1, 3, 127, 128, 129, 511, 512, 513, 700, 5000])
    func `A stream is recognised at any size of its pieces, and its rest passed on`(
        length: Int
    ) throws {
        let whole = bytes(length + 400)
        let mark = mark(of: whole[..<length])
        #expect(mark.offset == Int64(length))
        for size in [1, 2, 13, 64, 1000] {
            var probe = MarkProbe(mark)
            var rest: [UInt8] = []
            for start in stride(from: 0, to: whole.count, by: size) {
                let piece = Array(whole[start..<min(start + size, whole.count)])
                #expect(probe.take(piece.span) { for i in 0..<$0.count { rest.append($0[i]) } })
            }
            #expect(probe.isMatch == true)
            #expect(rest == Array(whole[length...]))
        }
    }

    @Test(arguments: [0, 100, 511, 3000, 4999])
    func `A stream that differs in its head or before the place is another`(at: Int) {
        var other = bytes(5000)
        let mark = mark(of: other[...])
        other[at] ^= 1
        var probe = MarkProbe(mark)
        let goesOn = probe.take(other.span) { _ in }
        // Between head and tail nothing is compared.
        #expect(goesOn == (at == 3000))
    }

    @Test func `A shorter stream is not recognised`() {
        let whole = bytes(1000)
        var probe = MarkProbe(mark(of: whole[...]))
        #expect(probe.take(Array(whole[..<999]).span) { _ in })
        #expect(probe.isMatch == nil)
    }

    @Test func `A file that was cut and written anew is noticed`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/log"
            try Data(bytes(900)).write(to: URL(fileURLWithPath: path))
            var file = try LogFile(path: path)
            var buffer = [UInt8](repeating: 0, count: 256)
            while case .more = try file.readOn(
                &buffer, limit: 100, pieceLimit: { 4096 }, { b, _ in b.count })
            {}
            #expect(file.mark.offset == 900)
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(bytes(2000, seed: 1)))
            let outcome = try file.readOn(
                &buffer, limit: 100, pieceLimit: { 4096 }, { b, _ in b.count })
            guard case .replaced = outcome else {
                Issue.record("not noticed: \(outcome)")
                return
            }
        }
    }
}
