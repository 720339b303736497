// SPDX-License-Identifier: Apache-2.0

#if DEBUG || FORKTOPSY_FUZZ
    internal import Glibc

    /// A file in memory that holds one input, since readers open paths.
    struct InputInMemory {
        private let descriptor: CInt
        let path: String

        init() {
            path = "/dev/shm/forktopsy-fuzz-\(getpid())"
            descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
            precondition(descriptor >= 0, "no file in memory")
        }

        func hold(_ bytes: [UInt8]) {
            precondition(ftruncate(descriptor, 0) == 0)
            let written = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
            }
            precondition(written == bytes.count)
            // A file that was written just now would date stamps without a year by today.
            var times = [
                timespec(tv_sec: 1_795_000_000, tv_nsec: 0),
                timespec(tv_sec: 1_795_000_000, tv_nsec: 0),
            ]
            _ = unsafe futimens(descriptor, &times)
        }
    }
#endif
