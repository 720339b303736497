// SPDX-License-Identifier: Apache-2.0

extension InputReader {
    /// Lends the bytes of a file to `body`, piece by piece, decompressed where it is compressed;
    /// false ends the reading.
    package static func forEachPiece(
        of path: String, _ body: (Span<UInt8>) -> Bool
    ) throws(ReadError) {
        var source = PeekedSource(PlainSource(try FileDescriptor(path: path)))
        switch ArchiveFormat.sniff(source.head) {
        case nil: try forEachPiece(of: &source, body)
        case .gzip:
            var inflated = GzipSource(source)
            try forEachPiece(of: &inflated, body)
        default:
            var failure: ReadError?
            let archive = try ArchiveReader(path: path)
            let losses = archive.forEachFile { _, _, source in
                var source = source.again()
                do throws(ReadError) {
                    try forEachPiece(of: &source, body)
                } catch {
                    failure = error
                }
                return false
            }
            if let failure = failure ?? losses.first?.error { throw failure }
        }
    }

    private static func forEachPiece<Source: ByteSource & ~Copyable>(
        of source: inout Source, _ body: (Span<UInt8>) -> Bool
    ) throws(ReadError) {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try source.read(into: &block, at: 0)
            if count == 0 || !body(block.span.extracting(0..<count)) { return }
        }
    }
}
