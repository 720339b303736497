// SPDX-License-Identifier: Apache-2.0

internal import CPCRE2

/// What one thread needs to match: room for the captures, limits, and a stack for machine code.
///
/// Made once and used for every line; not `Sendable`, since a match writes into it.
///
/// Why `@safe`: the three pointers are private, made together in `init`, freed in `deinit`; the
/// type is noncopyable and `match` is `mutating`, so no two matches share it at a time. The
/// subject is lent for the length of one call. Captures are read back as checked integers, from
/// a vector whose length is the constant given to the library.
@safe
package struct MatchData: ~Copyable {
    private let data: OpaquePointer
    private let context: OpaquePointer
    private let stack: OpaquePointer?
    private var groups = 0

    /// What a match may cost before it is given up.
    package struct Limits: Hashable, Sendable {
        /// Calls of the matching function (backtracking steps).
        package var match: Int
        /// Nested backtracking points; interpreter only.
        package var depth: Int
        /// Memory for backtracking, in KiB; interpreter only.
        package var heapKiB: Int
        /// Most memory for the stack of machine code, in bytes.
        package var stackBytes: Int

        package init(
            match: Int = 100_000, depth: Int = 20_000, heapKiB: Int = 8192,
            stackBytes: Int = 512 * 1024
        ) {
            self.match = match
            self.depth = depth
            self.heapKiB = heapKiB
            self.stackBytes = stackBytes
        }
    }

    /// Reserves everything a match needs; memory for it is not asked for again.
    package init(limits: Limits = Limits()) {
        guard
            let data = unsafe pcre2_match_data_create_8(UInt32(Pattern.groupLimit + 1), nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else { preconditionFailure("no memory for a match data block") }
        unsafe self.data = data
        unsafe self.context = context
        unsafe pcre2_set_match_limit_8(context, UInt32(clamping: limits.match))
        unsafe pcre2_set_depth_limit_8(context, UInt32(clamping: limits.depth))
        unsafe pcre2_set_heap_limit_8(context, UInt32(clamping: limits.heapKiB))
        let first = min(32 * 1024, limits.stackBytes)
        unsafe stack = pcre2_jit_stack_create_8(first, limits.stackBytes, nil)
        unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
    }

    deinit {
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(context)
        if let stack = unsafe stack { unsafe pcre2_jit_stack_free_8(stack) }
    }
}

// MARK: - Matching

extension MatchData {
    /// What came of a match.
    package enum Outcome: Hashable, Sendable {
        case matched
        case noMatch
        /// Given up: it is not known whether the subject matches.
        case limitHit(Limit)
        /// The library reports an error of its own, by its number.
        case failed(Int32)
    }

    /// Which limit ended a match.
    package enum Limit: String, Hashable, Sendable {
        case match, depth, heap, stack
    }

    /// Searches `subject` from byte `start` for `pattern`. `^` is the start of the subject,
    /// whatever `start` is.
    ///
    /// A stack that is too small for machine code is no reason to give up: the interpreter, which
    /// keeps its backtracking points on the heap, gets a second try.
    package mutating func match(
        _ pattern: borrowing Pattern, in subject: Span<UInt8>, from start: Int = 0
    ) -> Outcome {
        precondition(start >= 0 && start <= subject.count)
        var code = unsafe run(pattern.code, subject, start, options: 0)
        if code == PCRE2_ERROR_JIT_STACKLIMIT {
            unsafe code = run(pattern.code, subject, start, options: PCRE2_NO_JIT)
        }
        groups = code > 0 ? pattern.captureCount : 0
        return Self.outcome(code)
    }

    private func run(
        _ code: OpaquePointer, _ subject: Span<UInt8>, _ start: Int, options: UInt32
    ) -> Int32 {
        unsafe subject.withUnsafeBufferPointer { bytes in
            unsafe pcre2_match_8(
                code, bytes.baseAddress ?? Self.nothing.utf8Start, bytes.count, start, options,
                data, context)
        }
    }

    /// Where an empty subject stands: the library wants an address even for no bytes.
    private static let nothing: StaticString = ""

    private static func outcome(_ code: Int32) -> Outcome {
        switch code {
        case PCRE2_ERROR_NOMATCH: .noMatch
        case PCRE2_ERROR_MATCHLIMIT: .limitHit(.match)
        case PCRE2_ERROR_DEPTHLIMIT: .limitHit(.depth)
        case PCRE2_ERROR_HEAPLIMIT: .limitHit(.heap)
        case PCRE2_ERROR_JIT_STACKLIMIT: .limitHit(.stack)
        case 0...: .matched
        default: .failed(code)
        }
    }
}

// MARK: - Captures

extension MatchData {
    /// The bytes of the last match that group `group` took (0 is the whole match): start and end,
    /// both -1 where the group took no part or there is no match.
    package func bounds(ofGroup group: Int) -> (start: Int32, end: Int32) {
        guard group >= 0, group <= groups else { return (-1, -1) }
        let vector = unsafe pcre2_get_ovector_pointer_8(data)
        guard let vector = unsafe vector else { return (-1, -1) }
        // Group numbers are at most `Pattern.groupLimit`, and the vector has one pair more.
        return unsafe (Self.bound(vector[group * 2]), Self.bound(vector[group * 2 + 1]))
    }

    /// Appends start and end of every group of the last match, moved by `origin`, in group order.
    package func appendCaptures(to bounds: inout [Int32], origin: Int = 0) {
        let shift = Int32(clamping: origin)
        for group in 0..<groups {
            let (start, end) = self.bounds(ofGroup: group + 1)
            bounds.append(start < 0 ? -1 : start &+ shift)
            bounds.append(end < 0 ? -1 : end &+ shift)
        }
    }

    private static func bound(_ value: Int) -> Int32 {
        Int32(exactly: value) ?? -1
    }
}
