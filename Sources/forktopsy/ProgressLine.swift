// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import Reading

/// A line on the terminal that tells how far a long run has come: bytes, rate, time left.
struct ProgressLine: Sendable {
    let progress: ReadProgress
    /// Bytes of all inputs as they lie on disk.
    let total: Int

    /// Rewrites the line twice a second until the task is cancelled, then wipes it.
    func run() async {
        let start = monotonicSeconds()
        var shown = false
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: 500_000_000)
            let elapsed = monotonicSeconds() - start
            guard !Task.isCancelled, elapsed > 1 else { continue }
            printToStandardError("\r\(text(after: elapsed))\u{1B}[K")
            shown = true
        }
        if shown { printToStandardError("\r\u{1B}[K") }
    }

    private func text(after elapsed: Double) -> String {
        let done = progress.bytes
        let rate = Double(done) / elapsed
        let size = { (bytes: Int) in ByteCount(bytes: Int64(bytes)).description }
        var out = "reading: \(size(done))"
        if total > 0 { out += " of \(size(total))" }
        out += ", \(size(Int(rate)))/s"
        if total > done, rate > 0 {
            out += ", \(spokenDuration(seconds: Double(total - done) / rate)) left"
        }
        return out
    }
}
