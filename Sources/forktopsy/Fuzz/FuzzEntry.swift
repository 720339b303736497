// SPDX-License-Identifier: Apache-2.0
// What libFuzzer calls. Only a build with FORKTOPSY_FUZZ=1 compiles this folder (scripts/fuzz).

internal import Glibc
internal import Live
internal import Model
internal import Reading

/// Tries one input; `FORKTOPSY_FUZZ_TARGET` says which reader gets it.
func tryOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    FuzzTarget.chosen.run(bytes)
    return 0
}

/// What SwiftPM links as the entry point of the program, here libFuzzer's.
@_cdecl("forktopsy_main")
func fuzz(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var (count, arguments) = unsafe (count, arguments)
    return unsafe runFuzzer(&count, &arguments, tryOneInput)
}

/// Source: LLVM, compiler-rt/lib/fuzzer/FuzzerInterface.h and docs/LibFuzzer.rst.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

extension FuzzTarget {
    /// The target that the environment names; a wrong name ends the run.
    static let chosen: FuzzTarget = {
        let name = environment("FORKTOPSY_FUZZ_TARGET") ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            printToStandardError(
                "FORKTOPSY_FUZZ_TARGET is not one of: "
                    + allCases.map(\.rawValue).joined(separator: " ") + "\n")
            exitProcess(2)
        }
        return target
    }()
}
