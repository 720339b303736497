// SPDX-License-Identifier: Apache-2.0

/// One local header of a zip (PKWARE APPNOTE.TXT 6.3.10, 4.3.7 and 4.5).
struct ZipHeader {
    var name: [UInt8]
    var flags: Int
    var method: Int
    var crc: UInt32
    /// `nil` where the sizes and the checksum stand behind the data.
    var packedSize: Int64?
    var size: Int64?
    var seconds: Int64?

    var isEncrypted: Bool { flags & 1 != 0 }
    var hasDescriptor: Bool { flags & 8 != 0 }

    /// Takes a header off the window; `nil`, and nothing is taken, where it makes no sense.
    init?(_ window: ByteWindow) {
        guard window.require(30), window.little32(0) == ZipContainer.local else { return nil }
        flags = window.little16(6)
        method = window.little16(8)
        crc = UInt32(window.little32(14))
        let (packed, whole) = (Int64(window.little32(18)), Int64(window.little32(22)))
        let (nameLength, extraLength) = (window.little16(26), window.little16(28))
        guard window.little16(4) & 0xFF < 100, method < 100, nameLength > 0,
            window.require(30 + nameLength + extraLength)
        else { return nil }
        name = (0..<nameLength).map { window[30 + $0] }
        window.skip(30 + nameLength)
        packedSize = packed
        size = whole
        takeExtra(window, extraLength)
        window.skip(extraLength)
        if hasDescriptor, packedSize == 0 || packedSize == 0xFFFF_FFFF {
            (packedSize, size) = (nil, nil)
        }
    }

    private mutating func takeExtra(_ window: ByteWindow, _ length: Int) {
        var at = 0
        while at + 4 <= length {
            let (id, count) = (window.little16(at), window.little16(at + 2))
            at += 4
            guard count <= length - at else { return }
            if id == 1 { takeWideSizes(window, at, count) }
            if id == 0x5455, count >= 5, window[at] & 1 != 0 {
                seconds = Int64(Int32(truncatingIfNeeded: window.little32(at + 1)))
            }
            at += count
        }
    }

    private mutating func takeWideSizes(_ window: ByteWindow, _ start: Int, _ count: Int) {
        var at = start
        if size == 0xFFFF_FFFF, at + 8 <= start + count {
            size = max(0, window.little64(at))
            at += 8
        }
        if packedSize == 0xFFFF_FFFF, at + 8 <= start + count {
            packedSize = max(0, window.little64(at))
        }
    }
}
