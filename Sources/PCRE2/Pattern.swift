// SPDX-License-Identifier: Apache-2.0

internal import CPCRE2

/// A compiled regular expression.
///
/// Subjects are bytes: no UTF mode, no locale. `$` matches at the very end only, since lines have
/// no newline. Compiled for the processor where the library can (`isJITCompiled`), interpreted
/// elsewhere, with the same results.
///
/// Why `@safe`: the only pointer is private, made in `init`, never replaced, freed in `deinit`;
/// the type is noncopyable, so there is one owner; and PCRE2 only reads a compiled pattern while
/// it matches.
@safe
package struct Pattern: ~Copyable {
    let code: OpaquePointer
    /// The text it was compiled from.
    package let regex: String
    /// Whether machine code was generated. False where JIT is not supported or was not wanted.
    package let isJITCompiled: Bool
    /// Number of capturing groups.
    package let captureCount: Int
    /// The name of each group in group order; empty for groups without a name.
    package let captureNames: [String]

    /// How a pattern is compiled.
    package struct Options: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Leave it to the interpreter even where machine code could be generated.
        package static let interpreted = Options(rawValue: 1)
        /// Case does not matter (ASCII letters).
        package static let caseless = Options(rawValue: 2)
    }

    /// The most groups a pattern may have; `MatchData` has room for as many.
    package static let groupLimit = 63

    /// Compiles `regex`. Throws with the offset at which the library gave up.
    package init(_ regex: String, options: Options = []) throws(PatternError) {
        let compiled = try unsafe Self.compile(regex, options: options)
        let count = unsafe Self.number(PCRE2_INFO_CAPTURECOUNT, of: compiled)
        guard count <= Self.groupLimit else {
            unsafe pcre2_code_free_8(compiled)
            throw PatternError(
                regex: regex, offset: 0,
                message: "it has \(count) groups, and \(Self.groupLimit) is the limit")
        }
        unsafe code = compiled
        self.regex = regex
        captureCount = count
        captureNames = unsafe Self.names(of: compiled, count: count)
        isJITCompiled =
            unsafe !options.contains(.interpreted)
            && pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE) == 0
    }

    deinit {
        unsafe pcre2_code_free_8(code)
    }

    /// Whether this build of the library can generate machine code on this machine.
    package static var isJITAvailable: Bool {
        var answer: UInt32 = 0
        return unsafe pcre2_config_8(UInt32(PCRE2_CONFIG_JIT), &answer) >= 0 && answer == 1
    }
}

// Why `@unchecked Sendable`: compiled code is read-only once `init` is done (pcre2api(3),
// "Multithreading"); what a match writes is in `MatchData`, one per thread.
extension Pattern: @unchecked Sendable {}

// MARK: - Asking the library

extension Pattern {
    private static func compile(
        _ regex: String, options: Options
    ) throws(PatternError) -> OpaquePointer {
        var flags = PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C
        if options.contains(.caseless) { flags |= PCRE2_CASELESS }
        var code: Int32 = 0
        var offset = 0
        var text = regex
        // The bytes are lent for the call only; the library copies what it keeps.
        let compiled = text.withUTF8 { bytes in
            unsafe pcre2_compile_8(bytes.baseAddress, bytes.count, flags, &code, &offset, nil)
        }
        guard let compiled = unsafe compiled else {
            throw PatternError(regex: regex, offset: offset, message: errorText(code))
        }
        return unsafe compiled
    }

    private static func number(_ what: Int32, of code: OpaquePointer) -> Int {
        var value: UInt32 = 0
        unsafe pcre2_pattern_info_8(code, UInt32(what), &value)
        return Int(value)
    }

    /// The name table has one entry a name: the group number in two bytes, high byte first, then
    /// the name and a NUL (pcre2api(3), `PCRE2_INFO_NAMETABLE`). It lives as long as the code.
    private static func names(of code: OpaquePointer, count: Int) -> [String] {
        var names = [String](repeating: "", count: count)
        let entries = unsafe number(PCRE2_INFO_NAMECOUNT, of: code)
        let size = unsafe number(PCRE2_INFO_NAMEENTRYSIZE, of: code)
        var table: UnsafePointer<UInt8>?
        unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
        guard let table = unsafe table else { return names }
        for i in 0..<entries {
            let entry = unsafe UnsafeBufferPointer(start: table + i * size, count: size)
            let group = unsafe Int(entry[0]) << 8 | Int(entry[1])
            let name = unsafe entry.dropFirst(2).prefix { $0 != 0 }
            if group >= 1, group <= count {
                names[group - 1] = unsafe String(decoding: name, as: UTF8.self)
            }
        }
        return names
    }

    static func errorText(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe pcre2_get_error_message_8(code, &buffer, buffer.count)
        guard length > 0 else { return "PCRE2 error \(code)" }
        return String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
    }
}
