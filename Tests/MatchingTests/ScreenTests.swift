// SPDX-License-Identifier: Apache-2.0
// What the reader asks before it takes a record apart never turns away what a pattern matches.

import Foundation
import Matching
import Model
import PatternFiles
import Testing

/// Whether the reader would have a message matched.
private func passes(_ message: [UInt8], _ screen: MessageScreen) -> Bool {
    guard message.count >= 8 else { return true }
    let prints = screen.fingerprints
    for k in stride(from: 0, to: prints.count, by: 3) {
        for i in 0..<max(0, message.count - 2)
        where Array(message[i..<i + 3]) == Array(prints[k..<k + 3]) {
            return true
        }
    }
    func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    let first = word(message.prefix(4))
    let hash = MessageScreen.hash(first)
    guard screen.beginnings[hash / 64] >> UInt64(hash % 64) & 1 != 0 else { return false }
    let beginnings = [first, MessageScreen.beginning(first, word(message[4..<8]))]
    let pairs = [MessageScreen.anyEnding, word(message.suffix(4))].flatMap { ending in
        beginnings.map { MessageScreen.hash($0, ending) }
    }
    guard pairs.contains(where: { screen.pairs[$0 / 64] >> UInt64($0 % 64) & 1 != 0 }) else {
        return false
    }
    guard passesFilter(message, screen) else { return false }
    return screen.mayMatch(message.span)
}

/// Whether what C asks first lets a message pass.
private func passesFilter(_ message: [UInt8], _ screen: MessageScreen) -> Bool {
    func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    let first = word(message.prefix(4))
    let places = [
        MessageScreen.place(first, beginning: word(message[4..<8])),
        MessageScreen.place(first, ending: word(message.suffix(4))),
    ]
    return places.contains { screen.filter[$0.0] & $0.1 != 0 }
}

@Suite struct ScreenTests {
    @Test func `No message is turned away that a pattern of servers matches`() throws {
        let screen = try #require(Catalogue.builtIn.screen)
        var matcher = Matcher(.builtIn)
        var matched = 0
        for definition in definitions(of: patternTexts()) {
            for example in definition.matches {
                let line = Array(example.line.utf8)
                for start in 0..<min(line.count, 60) {
                    let message = Array(line[start...])
                    guard matcher.match(message.span, scope: .server) != nil else { continue }
                    matched += 1
                    #expect(passes(message, screen), "\(definition.id): \(example.line)")
                }
            }
        }
        #expect(matched > 500)
    }

    @Test func `Ordinary messages are turned away`() throws {
        let screen = try #require(Catalogue.builtIn.screen)
        for text in [
            "Accepted 10.2.5.115:26721",
            "Client closed connection id=5370056 addr=10.1.74.198:47959 fd=496 name= age=2297 db=0",
            "DB 0: 10449186 keys (54943 volatile) in 16777216 slots HT.",
            "1177 clients connected (2 replicas), 12278421064 bytes in use",
        ] {
            #expect(!passes(Array(text.utf8), screen), "\(text)")
            #expect(!passesFilter(Array(text.utf8), screen), "\(text)")
        }
    }

    @Test func `A pattern without sure text makes every message pass`() throws {
        let text = patternText("a.digits", regex: "^[0-9a-z]+ [a-z]+$")
        #expect(try Catalogue(adding: [text]).screen == nil)
    }

    @Test func `A pattern with a text somewhere is found by it`() throws {
        let text = patternText("a.quagga", regex: "[a-z]+ quagga [0-9]+")
        let screen = try #require(try Catalogue(adding: [text]).screen)
        #expect(passes(Array("the quagga 7".utf8), screen))
    }
}
