// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// FORKTOPSY_FUZZ=1 makes the program its own fuzzer (scripts/fuzz): libFuzzer brings the entry point.
let isFuzzer = Context.environment["FORKTOPSY_FUZZ"] != nil
let fuzzer = isFuzzer ? ["-sanitize=fuzzer,address"] : []

let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzer ? [.unsafeFlags(fuzzer)] : [])
/// Build tools are linked with what the libraries were instrumented for.
let toolLinker: [LinkerSetting] = isFuzzer ? [.unsafeFlags(["-sanitize=address"])] : []

let package = Package(
    name: "forktopsy",
    products: [
        .executable(name: "forktopsy", targets: ["forktopsy"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // C in a box: two system libraries, each with one Swift importer.
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "PCRE2", dependencies: ["CPCRE2"], swiftSettings: strict),

        // The pipeline, in the order in which data flows. Stages import Model and no other stage.
        .target(name: "Model", swiftSettings: strict),
        .target(name: "JSON", dependencies: ["Model"], swiftSettings: strict),
        // One pass over a block of bytes with wide registers; Reading does the same without it.
        .target(name: "CByteScan"),
        .target(
            name: "Reading", dependencies: ["Model", "CByteScan", "CZlib"], swiftSettings: strict),
        .target(name: "PatternFiles", dependencies: ["Model"], swiftSettings: strict),
        .target(
            name: "Matching", dependencies: ["Model", "PCRE2", "PatternFiles"],
            // A link to Patterns/, so that SwiftPM notices new pattern files.
            exclude: ["Patterns"], swiftSettings: strict, plugins: ["EmbedPatterns"]),
        .target(name: "Snapshots", dependencies: ["JSON", "Model"], swiftSettings: strict),
        .target(name: "Incidents", dependencies: ["Model"], swiftSettings: strict),
        .target(
            name: "Diagnosis", dependencies: ["Model"], swiftSettings: strict,
            plugins: ["EmbedCauses"]),
        .target(name: "Reports", dependencies: ["JSON", "Model"], swiftSettings: strict),
        .target(name: "Live", dependencies: ["Model"], swiftSettings: strict),
        .executableTarget(
            name: "forktopsy",
            dependencies: [
                "JSON", "Live", "Model", "Reading", "PatternFiles", "Matching", "Snapshots",
                "Incidents", "Diagnosis", "Reports",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: isFuzzer ? [] : ["Fuzz/FuzzEntry.swift"],
            swiftSettings: strict
                + (isFuzzer
                    ? [
                        .define("FORKTOPSY_FUZZ"),
                        .unsafeFlags([
                            "-Xfrontend", "-entry-point-function-name", "-Xfrontend", "not_main",
                        ]),
                    ] : []),
            linkerSettings: isFuzzer ? [.unsafeFlags(fuzzer + ["-use-ld=lld"])] : []),

        // Patterns/**.toml becomes part of the binary.
        .executableTarget(
            name: "embed-patterns", dependencies: ["PatternFiles"], swiftSettings: strict,
            linkerSettings: toolLinker),
        // So do the doc comments of the causes, for `explain`.
        .executableTarget(
            name: "embed-causes", swiftSettings: strict, linkerSettings: toolLinker),
        .plugin(name: "EmbedCauses", capability: .buildTool(), dependencies: ["embed-causes"]),
        .plugin(name: "EmbedPatterns", capability: .buildTool(), dependencies: ["embed-patterns"]),

        // Bytes to records, at every piece size, with every damage.
        .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: strict),
        .testTarget(
            name: "ReadingTests", dependencies: ["Model", "Reading", "TestSupport"],
            exclude: ["Samples"],
            swiftSettings: strict),

        // Seeds, temporary folders, the built program and the machine's: what several tests need.
        .target(
            name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),

        // What is printed for programs is held to docs/schema.
        .target(
            name: "SchemaChecks", dependencies: ["JSON"], path: "Tests/SchemaChecks",
            swiftSettings: strict),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["JSON", "Model", "Reports", "SchemaChecks", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SnapshotsTests", dependencies: ["JSON", "Model", "Snapshots"],
            exclude: ["Samples"],
            swiftSettings: strict),

        // Every pattern file proves itself here: a new file is a new case.
        .testTarget(name: "PCRE2Tests", dependencies: ["PCRE2"], swiftSettings: strict),
        .testTarget(
            name: "PatternFilesTests", dependencies: ["Model", "PatternFiles", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "MatchingTests", dependencies: ["Matching", "Model", "PatternFiles"],
            swiftSettings: strict),

        // Incidents and verdicts from hand-written events: one rule of the contract a test.
        .target(
            name: "HandWritten", dependencies: ["Incidents", "Model"], path: "Tests/HandWritten",
            swiftSettings: strict),
        .testTarget(
            name: "IncidentsTests",
            dependencies: ["HandWritten", "Incidents", "Model", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "DiagnosisTests",
            dependencies: ["Diagnosis", "HandWritten", "Incidents", "Model"],
            swiftSettings: strict),

        // Both halves of an analysis, apart and together, and where events wait between them.
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "forktopsy", "Matching", "Model", "PatternFiles", "Reading", "Reports",
                "TestSupport",
            ],
            swiftSettings: strict),

        // Following: in pieces, across rotations and kills, by the built program.
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "forktopsy", "JSON", "Live", "Matching", "Model", "Reading", "Reports",
                "SchemaChecks", "TestSupport",
            ],
            swiftSettings: strict),

        // Runs the built program over SampleLogs/, damaged inputs and the README's command lines.
        .testTarget(
            name: "SampleLogTests", dependencies: ["PatternFiles", "TestSupport"],
            swiftSettings: strict),
    ]
)
