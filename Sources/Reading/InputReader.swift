// SPDX-License-Identifier: Apache-2.0

package import Model

/// Opens what a path names, which may be one input or an archive of many, and reads each.
package enum InputReader {
    /// Calls `each` once for every input that `path` holds, with its name and a way to read it:
    /// `run` lends every line to its argument and returns what was learned of the input.
    ///
    /// Throws only where the path cannot be opened at all.
    package static func read(
        path: String, name: String, progress: ReadProgress? = nil, options: ReadOptions = .init(),
        each: (_ name: String, _ run: (RecordBody) -> InputFacts) -> Void
    ) throws(ReadError) {
        let modifiedAt = try modificationTime(path)
        let descriptor = try FileDescriptor(path: path)
        var source = PeekedSource(
            PlainSource(descriptor, progress: progress), count: RecordReader.headSize)
        if JournalFile.isJournalFile(source.head.span), path != "-" {
            each(name) { body in
                var reader = RecordReader(name: name, options)
                return reader.readJournal(at: path, modifiedAt: modifiedAt, body)
            }
            return
        }
        if ActivityFile.isActivityFile(source.head.span), path != "-" {
            each(name) { body in
                var reader = RecordReader(name: name, options)
                return reader.readActivities(at: path, modifiedAt: modifiedAt, body)
            }
            return
        }
        switch ArchiveFormat.sniff(source.head) {
        case nil:
            each(name) { body in
                var reader = RecordReader(name: name, options)
                return reader.readStream(&source, modifiedAt: modifiedAt, body)
            }
        case .gzip: readGzip(source, name, modifiedAt, options, each)
        case .some(let format):
            readArchive(source, format.spoken, name, modifiedAt, options, each)
        }
    }

    /// gzip is by far the most frequent and has its own way; a tar inside of it goes another.
    private static func readGzip(
        _ source: consuming PeekedSource<PlainSource>, _ name: String, _ modifiedAt: Timestamp?,
        _ options: ReadOptions, _ each: (String, (RecordBody) -> InputFacts) -> Void
    ) {
        var inflated = PeekedSource(GzipSource(source), count: RecordReader.headSize)
        if ArchiveFormat.sniff(inflated.head) != nil {
            readArchive(inflated, "gzip", name, modifiedAt, options, each)
            return
        }
        each(name) { body in
            var reader = RecordReader(name: name, options)
            return reader.readStream(&inflated, modifiedAt: modifiedAt, packing: "gzip", body)
        }
    }

    private static func readArchive<Source: ByteSource & ~Copyable>(
        _ source: consuming PeekedSource<Source>, _ packing: String, _ name: String,
        _ modifiedAt: Timestamp?, _ options: ReadOptions,
        _ each: (String, (RecordBody) -> InputFacts) -> Void
    ) {
        let shared = SharedSource(source)
        let archive: ArchiveReader
        do throws(ReadError) {
            archive = try ArchiveReader { buffer, position throws(ReadError) in
                try shared.read(into: &buffer, at: position)
            }
        } catch {
            each(name) { _ in
                var reader = RecordReader(name: name, options)
                return reader.unreadable(error, format: packing)
            }
            return
        }
        let losses = archive.forEachFile { inner, entry, source in
            let full = inner.isEmpty ? name : "\(name)/\(inner)"
            var peeked = PeekedSource(source.again(), count: RecordReader.headSize)
            each(full) { body in
                var reader = RecordReader(name: full, options)
                return reader.readStream(
                    &peeked, modifiedAt: entry.modifiedAt ?? modifiedAt, packing: archive.format,
                    body)
            }
            return true
        }
        for loss in losses {
            let full = loss.name.isEmpty ? name : "\(name)/\(loss.name)"
            each(full) { _ in
                var reader = RecordReader(name: full, options)
                return reader.unreadable(loss.error, format: archive.format)
            }
        }
    }

    private static func modificationTime(_ path: String) throws(ReadError) -> Timestamp? {
        guard path != "-", let status = FileStatus(path: path) else { return nil }
        if status.kind == .directory {
            throw ReadError(code: .unreadable, reason: "is a directory")
        }
        if status.kind == .device {
            throw ReadError(code: .unreadable, reason: "is a device whose bytes never end")
        }
        return status.modifiedAt
    }
}

/// A source that a closure can hold: a class, since closures cannot own what is noncopyable.
private final class SharedSource<Base: ByteSource & ~Copyable> {
    private var source: PeekedSource<Base>

    init(_ source: consuming PeekedSource<Base>) { self.source = source }

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        try source.read(into: &buffer, at: position)
    }
}
