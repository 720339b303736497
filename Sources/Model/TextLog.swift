// SPDX-License-Identifier: Apache-2.0

/// A long text in pieces: in memory up to the limit of its store, then in the temporary file.
package struct TextLog: Sendable {
    private let store: EventStore
    private var sealed: [EventSlot] = []
    private var open: [UInt8] = []

    /// Bytes after which a piece is put away.
    private static let pieceSize = 64 << 10

    package init(store: EventStore) { self.store = store }

    /// One text, put away at once.
    package init(_ text: String, in store: EventStore) {
        self.store = store
        sealed = [store.keep(EventBlock(bytes: Array(text.utf8)))]
    }

    package mutating func append(_ text: String) {
        open += text.utf8
        guard open.count >= Self.pieceSize else { return }
        sealed.append(store.keep(EventBlock(bytes: open)))
        open = []
    }

    /// Lends the text to `body`, piece by piece, none of which ends within a character.
    package func forEach<Problem>(
        _ body: (String) throws(Problem) -> Void
    ) throws(Problem) {
        for slot in sealed { try body(String(decoding: store.block(slot).bytes, as: UTF8.self)) }
        if !open.isEmpty { try body(String(decoding: open, as: UTF8.self)) }
    }
}
