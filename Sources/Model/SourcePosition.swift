// SPDX-License-Identifier: Apache-2.0

/// Where a fact was read: which input, which line, how many bytes into it.
package struct SourcePosition: Hashable, Comparable, Sendable {
    /// Index into the report's `inputs`.
    package var input: Int
    /// Counted from 1.
    package var line: Int
    /// Bytes from the start of the (decompressed) input to the start of the line.
    package var offset: Int64

    package init(input: Int, line: Int, offset: Int64) {
        self.input = input
        self.line = line
        self.offset = offset
    }

    package static func < (a: SourcePosition, b: SourcePosition) -> Bool {
        a.input != b.input ? a.input < b.input : a.line < b.line
    }
}
