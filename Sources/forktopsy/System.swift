// SPDX-License-Identifier: Apache-2.0
// What the executable asks of the operating system; no stage does.

internal import Glibc
internal import Model

/// Writing to a closed pipe ends the program quietly, as it ends cat.
func quietPipes() { _ = signal(SIGPIPE, SIG_DFL) }

func exitProcess(_ code: Int32) -> Never { exit(code) }

func printToStandardError(_ text: String) { _ = writeAll(text, to: 2) }

/// Writes all of `text`; an error text where that failed.
func writeAll(_ text: String, to descriptor: Int32) -> String? {
    var text = text
    return text.withUTF8 { bytes in
        var done = 0
        while done < bytes.count {
            let count = unsafe write(
                descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
            if count > 0 {
                done += count
            } else if errno != EINTR {
                return unsafe String(cString: strerror(errno))
            }
        }
        return nil
    }
}

/// The whole of a small file, or nothing; at most `limit` bytes.
func readSmallFile(_ path: String, limit: Int = 4 << 20) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var out: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while out.count < limit {
        let count = unsafe block.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        if count < 0 { return nil }
        if count == 0 { return out }
        out.append(contentsOf: block[..<count])
    }
    return nil
}

func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

/// The terminal's width, else COLUMNS, else 80.
func terminalWidth() -> Int {
    var size = winsize()
    if unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return environment("COLUMNS").flatMap { Int($0) } ?? 80
}

func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}

func now() -> Timestamp { Timestamp(seconds: Int64(time(nil))) }

/// Seconds of a clock that nobody sets.
func monotonicSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func isSuperuser() -> Bool { geteuid() == 0 }

func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
