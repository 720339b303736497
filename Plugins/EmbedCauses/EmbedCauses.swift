// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Runs `embed-causes` over the causes and docs/guide-claims.md when one of them changes.
@main
struct EmbedCauses: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let folder = root.appending(path: "Sources/Diagnosis/Causes")
        let guide = root.appending(path: "docs/guide-claims.md")
        let output = context.pluginWorkDirectoryURL.appending(path: "Explanations.swift")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return [
            .buildCommand(
                displayName: "Embedding causes",
                executable: try context.tool(named: "embed-causes").url,
                arguments: [folder.path, guide.path, output.path],
                inputFiles: names.sorted().map { folder.appending(path: $0) } + [guide],
                outputFiles: [output])
        ]
    }
}
