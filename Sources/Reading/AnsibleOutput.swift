// SPDX-License-Identifier: Apache-2.0

/// Passes over what Ansible prints twice: the output of a command as one string (`"stdout": "…"`),
/// and again as an array of its lines (`"stdout_lines": […]`).
struct AnsibleOutput {
    /// Records that were read when the last string of output began; `nil` where none stands above.
    private var recordsBefore: Int?
    private var isInCopy = false

    /// Whether `line` belongs to the second copy of what was read from the first. `records` is the
    /// number of records read so far.
    mutating func isCopy(_ line: Span<UInt8>, records: Int) -> Bool {
        guard isInCopy || line.byte(0) == 0x20 else { return false }
        var i = 0
        while line.byte(i) == 0x20 { i += 1 }
        if isInCopy {
            if line.byte(i) == 0x5D { isInCopy = false }
            return true
        }
        guard line.byte(i) == 0x22 else { return false }
        if line.has("\"stdout\": \"", at: i) {
            recordsBefore = records
        } else if line.has("\"stdout_lines\": [", at: i), let before = recordsBefore {
            isInCopy = records > before && line.byte(line.count - 1) == 0x5B
            recordsBefore = nil
            return isInCopy
        }
        return false
    }
}
