// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Runs `embed-patterns` over `Patterns/**/*.toml` when one of them changes.
@main
struct EmbedPatterns: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = context.package.directoryURL.appending(path: "Patterns")
        let output = context.pluginWorkDirectoryURL.appending(path: "BuiltInCatalogue.swift")
        return [
            .buildCommand(
                displayName: "Embedding Patterns",
                executable: try context.tool(named: "embed-patterns").url,
                arguments: [folder.path, output.path],
                inputFiles: Self.patternFiles(below: folder),
                outputFiles: [output])
        ]
    }

    /// The files, and the folders they are in: a file that is added or removed changes its folder.
    private static func patternFiles(below folder: URL) -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let files = (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "toml" }
        return files.sorted { $0.path < $1.path }
    }
}
