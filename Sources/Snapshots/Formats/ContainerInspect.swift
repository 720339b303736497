// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `docker inspect`, `podman inspect` and `crictl inspect`, whole or an excerpt.
///
/// Source: docker 27, API v1.47 (`ContainerInspect`); cri-api v1 (`ContainerStatus`). A memory
/// limit of 0 is none. `OOMKilled` says that some process of the container was killed so.
struct ContainerInspectFormat: SnapshotFormat {
    static let name = "container inspect"
    static let openers = [
        "\"Id\": \"", "\"State\": {", "\"HostConfig\": {", "\"OOMKilled\": ", "{\"Id\":\"",
        "[{\"Id\":\"", "{\"Id\": \"", "[{\"Id\": \"", "{\"Status\":\"", "\"status\": {",
        "{\"status\":{\"id\"",
    ]

    static func isShown(in context: SnapshotContext) -> Bool {
        guard let program = context.program else { return false }
        return ["docker", "podman", "crictl", "nerdctl"].contains(program)
            && context.command.contains("inspect")
    }

    private var outline = Outline()
    private var state = ContainerState()
    private var start: SnapshotLine?
    /// The container that is being read has said its id, well formed or not.
    private var hasID = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        start = line
        let text = line.text.trimmed
        guard text.hasPrefix("{\"") || text.hasPrefix("[{\"") else {
            guard text.hasPrefix("\"") || text == "[" || text == "{" || text == "[{" else {
                return false
            }
            return take(line, &sink)
        }
        guard let document = line.document ?? line.documentOfArray else {
            sink.note("line \(line.number): the container's JSON is damaged")
            return false
        }
        for line in document { _ = take(line, &sink) }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank else { return false }
        // An array with one container a line goes on.
        if line.text.trimmed.hasPrefix("{\""), let document = line.documentOfArray {
            for line in document { _ = takeOne(line, &sink) }
            return true
        }
        guard let lines = line.unfolded else { return takeOne(line, &sink) }
        return lines.map { takeOne($0, &sink) }.contains(true)
    }

    private mutating func takeOne(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.text.trimmed == "[{" { return true }
        let (isTaken, leaf) = outline.take(line)
        guard isTaken, outline.isJSON else { return false }
        if let leaf {
            if leaf.path.last == "Id", leaf.path.count == 1 {
                if hasID || state.id != nil {
                    finish(&sink)
                    start = line
                }
                hasID = true
            }
            read(leaf)
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) { finish(&sink) }

    private mutating func finish(_ sink: inout SnapshotSink) {
        if let start { state.emit(Self.name, at: start, &sink) }
        state = ContainerState()
    }

    private mutating func read(_ leaf: Outline.Leaf) {
        let (value, line) = (leaf.value, leaf.line)
        switch leaf.path.last {
        case "Id" where leaf.path.count <= 1: state.setID(value)
        case "Name" where leaf.path.count == 1:
            let name = value.hasPrefix("/") ? String(value.dropFirst()) : value
            state.set(.containerName, text: name, line)
        case "RestartCount": state.set(.restarts, Int64(value), line)
        case "Image" where leaf.ends(in: "Config", "Image"): state.setImage(value, line)
        default: readState(leaf)
        }
    }

    private mutating func readState(_ leaf: Outline.Leaf) {
        let (value, line) = (leaf.value, leaf.line)
        if leaf.ends(in: "State", leaf.path.last ?? "") || leaf.path.count == 1 {
            switch leaf.path.last {
            case "Status": state.hasEnded = ["exited", "dead"].contains(value)
            case "OOMKilled" where ["true", "false"].contains(value):
                state.set(.wasOOMKilled, value == "true" ? 1 : 0, line)
            case "Pid":
                if let pid = Int32(value), pid > 0 { state.pid = pid }
            case "ExitCode": state.setExit(value, line)
            case "StartedAt": state.set(.startedAt, time: value, line)
            case "FinishedAt": state.set(.finishedAt, time: value, line)
            default: break
            }
        } else if leaf.ends(in: "HostConfig", leaf.path.last ?? "") {
            readLimits(leaf)
        } else {
            readRuntime(leaf)
        }
    }

    private mutating func readLimits(_ leaf: Outline.Leaf) {
        let (value, line) = (leaf.value, leaf.line)
        switch leaf.path.last {
        case "Memory": state.set(.cgroupLimit, ContainerState.limit(value), line)
        case "MemorySwap" where value != "0":
            state.set(.cgroupMemorySwapLimit, ContainerState.limit(value), line)
        case "PidsLimit": state.set(.pidsMax, ContainerState.limit(value), line)
        case "OomKillDisable" where ["true", "false"].contains(value):
            state.set(.cgroupOOMKillDisabled, value == "true" ? 1 : 0, line)
        case "OomScoreAdj": state.set(.oomScoreAdjustment, Int64(value), line)
        default: break
        }
    }

    /// What crictl calls things.
    private mutating func readRuntime(_ leaf: Outline.Leaf) {
        let (value, line) = (leaf.value, leaf.line)
        if leaf.ends(in: "status", "id") {
            state.setID(value)
        } else if leaf.ends(in: "status", "metadata", "name") {
            state.set(.containerName, text: value, line)
        } else if leaf.ends(in: "status", "state") {
            state.hasEnded = value == "CONTAINER_EXITED"
        } else if leaf.ends(in: "status", "exitCode") {
            state.setExit(value, line)
        } else if leaf.ends(in: "status", "reason"), !value.isEmpty {
            state.setReason(value, line)
        } else if leaf.ends(in: "status", "startedAt") {
            state.set(.startedAt, time: value, line)
        } else if leaf.ends(in: "status", "finishedAt") {
            state.set(.finishedAt, time: value, line)
        } else if leaf.ends(in: "linux", "memoryLimitInBytes")
            || leaf.ends(in: "resources", "memory", "limit")
        {
            state.set(.cgroupLimit, ContainerState.limit(value), line)
        } else if leaf.ends(in: "info", "pid"), let pid = Int32(value), pid > 0 {
            state.pid = pid
        } else if leaf.ends(in: "linux", "cgroupsPath") {
            state.set(.cgroupPath, text: value, line)
        }
    }
}
