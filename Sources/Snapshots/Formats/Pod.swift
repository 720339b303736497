// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `kubectl describe pod`, whole or an excerpt: a snapshot for each container.
///
/// Source: kubernetes 1.30, staging/src/k8s.io/kubectl/pkg/describe/describe.go.
struct PodDescriptionFormat: SnapshotFormat {
    static let name = "kubectl describe"
    static let openers = ["Name:  ", "State:  ", "Last State:  ", "Containers:"]

    static func isShown(in context: SnapshotContext) -> Bool {
        ["kubectl", "oc"].contains(context.program) && context.command.contains("describe")
    }

    private var outline = Outline()
    private var state = ContainerState()
    private var container: String?
    private var pod: (name: String, line: SnapshotLine)?
    private var node: String?
    private var start: SnapshotLine?
    /// Whether more than a name has been seen.
    private var isSure = false
    /// The phase of the state whose lines follow, and whether its exit code has been read: times
    /// stand behind it.
    private var phase = ""
    private var hasExitCode = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, value) = line.split(at: ":") else { return false }
        switch name {
        case "State", "Last State":
            guard ["Running", "Waiting", "Terminated"].contains(value) else { return false }
            isSure = true
        case "Name": isSure = Self.isShown(in: sink.context)
        case "Containers":
            guard value.isEmpty else { return false }
            isSure = Self.isShown(in: sink.context)
        default: return false
        }
        start = line
        return read(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank, !line.text.hasPrefix("Events:") else { return false }
        let isIndented = line.text.hasPrefix(" ") || line.text.hasPrefix("\t")
        if !isSure {
            guard line.text.hasPrefix("Namespace:") || container != nil || isIndented else {
                return false
            }
            isSure = true
        }
        return read(line, &sink)
    }

    mutating func end(_ sink: inout SnapshotSink) { finish(&sink) }

    private mutating func read(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let (isTaken, leaf) = outline.take(line)
        guard isTaken, !outline.isJSON else { return false }
        guard let leaf else { return true }
        let (path, value) = (leaf.path, leaf.value)
        if path.count == 2, path[0] == "Containers" || path[0] == "Init Containers",
            line.text.prefix(while: { $0 == " " }).count == 2, value.isEmpty
        {
            finish(&sink)
            container = path[1]
            start = line
        }
        switch path.last {
        case "Name" where path.count == 1: pod = (value, line)
        case "Node" where path.count == 1:
            node = value.split(separator: "/").first.map(String.init)
        case "Container ID": state.setID(value)
        case "Image": state.setImage(value, line)
        case "Restart Count": state.set(.restarts, Int64(value), line)
        case "memory" where leaf.ends(in: "Limits", "memory"):
            state.set(.cgroupLimit, ContainerState.quantity(value), line)
        case "State", "Last State":
            phase = value
            hasExitCode = false
        default: readState(leaf)
        }
        return true
    }

    private mutating func readState(_ leaf: Outline.Leaf) {
        guard leaf.path.count >= 2 else { return }
        let parent = leaf.path[leaf.path.count - 2]
        guard parent == "State" || parent == "Last State" else { return }
        let isLast = phase == "Terminated"
        if isLast { state.hasEnded = true }
        switch leaf.path.last {
        case "Reason" where isLast: state.setReason(leaf.value, leaf.line)
        case "Exit Code" where isLast:
            hasExitCode = true
            state.setExit(leaf.value, leaf.line)
        case "Finished" where isLast && hasExitCode:
            state.set(.finishedAt, time: leaf.value, leaf.line)
        case "Started" where isLast && hasExitCode:
            state.set(.lastStartedAt, time: leaf.value, leaf.line)
        case "Started" where phase == "Running":
            state.set(.startedAt, time: leaf.value, leaf.line)
        default: break
        }
    }

    private mutating func finish(_ sink: inout SnapshotSink) {
        defer {
            state = ContainerState()
            phase = ""
            hasExitCode = false
        }
        guard let start, !state.isEmpty else { return }
        if let container { state.set(.containerName, text: container, start) }
        if let pod { state.set(.podName, text: pod.name, pod.line) }
        state.host = node
        state.emit(Self.name, at: start, &sink)
    }
}

/// A pod as the API gives it, in YAML or JSON (`kubectl get pod -o yaml`): a snapshot for each
/// container.
///
/// Source: kubernetes 1.30, API v1 (`Pod`, `ContainerStatus`).
struct PodObjectFormat: SnapshotFormat {
    static let name = "kubectl get"
    static let openers = [
        "apiVersion: v1", "\"apiVersion\": \"v1\"", "kind: Pod", "\"kind\": \"Pod\"",
        "containerStatuses:", "\"containerStatuses\": [", "{\"apiVersion\":\"v1\"",
        "{\"kind\":\"Pod\"", "lastState:", "\"lastState\": {",
    ]

    static func isShown(in context: SnapshotContext) -> Bool {
        ["kubectl", "oc"].contains(context.program) && context.command.contains("get")
            && context.command.contains { $0.hasSuffix("yaml") || $0.hasSuffix("json") }
    }

    private struct Key: Hashable {
        var pod: Int
        var container: String
    }

    private static let lists: Set<String> = [
        "containers", "containerStatuses", "initContainers", "initContainerStatuses",
    ]

    private var outline = Outline()
    /// By the element of a list that they stand in.
    private var leaves: [Int: [Outline.Leaf]] = [:]
    private var order: [Int] = []
    private var pods: [Int: (name: Outline.Leaf?, node: String?)] = [:]
    private var start: SnapshotLine?
    private var kept = 0

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        start = line
        let text = line.text.trimmed
        guard text.hasPrefix("{\"") else {
            let isOpener = Self.openers.contains { text.hasPrefix($0) }
            guard isOpener || text == "{" else { return false }
            return take(line, &sink)
        }
        guard let document = line.document else {
            sink.note("line \(line.number): the pod's JSON is damaged")
            return false
        }
        for line in document { _ = take(line, &sink) }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank else { return false }
        guard let lines = line.unfolded else { return takeOne(line, &sink) }
        return lines.map { takeOne($0, &sink) }.contains(true)
    }

    private mutating func takeOne(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let (isTaken, leaf) = outline.take(line)
        guard isTaken else { return false }
        if let leaf { keep(leaf, &sink) }
        return true
    }

    private mutating func keep(_ leaf: Outline.Leaf, _ sink: inout SnapshotSink) {
        let pod = leaf.item(of: ["items"]) ?? 0
        if leaf.ends(in: "metadata", "name"), leaf.path.count <= 3, leaf.isDirect,
            leaf.item(of: Self.lists) == nil
        {
            if pods[pod]?.name == nil { pods[pod, default: (nil, nil)].name = leaf }
        } else if leaf.ends(in: "spec", "nodeName") {
            pods[pod, default: (nil, nil)].node = leaf.value
        }
        guard Self.isRead(leaf) else { return }
        // An excerpt may begin inside of an element.
        let item = leaf.item(of: Self.lists) ?? 0
        guard kept < 20_000 else { return sink.note("more containers than are read") }
        kept += 1
        if leaves[item] == nil { order.append(item) }
        leaves[item, default: []].append(leaf)
    }

    private static func isRead(_ leaf: Outline.Leaf) -> Bool {
        switch leaf.path.last {
        case "name":
            leaf.path.count >= 2 && lists.contains(leaf.path[leaf.path.count - 2])
        case "memory": leaf.ends(in: "limits", "memory")
        case "restartCount", "containerID", "image": true
        case "exitCode", "reason", "startedAt", "finishedAt":
            leaf.path.contains("lastState") || leaf.path.contains("state")
        default: false
        }
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard let start else { return }
        var states: [Key: (state: ContainerState, line: SnapshotLine)] = [:]
        var keys: [Key] = []
        for item in order {
            let found = leaves[item] ?? []
            let name = found.first { $0.path.last == "name" }
            let pod = found.first?.item(of: ["items"]) ?? 0
            let key = Key(pod: pod, container: name?.value ?? "")
            if states[key] == nil {
                states[key] = (ContainerState(), found.first?.line ?? start)
                keys.append(key)
                if let name {
                    states[key]?.state.set(.containerName, text: name.value, name.line)
                }
            }
            for leaf in found { states[key]?.state.read(leaf) }
        }
        for key in keys {
            guard let (read, line) = states[key], read.hasMoreThanName else { continue }
            var state = read
            if let name = pods[key.pod]?.name {
                state.set(.podName, text: name.value, name.line)
            }
            state.host = pods[key.pod]?.node
            state.emit(Self.name, at: line, &sink)
        }
    }
}

extension ContainerState {
    fileprivate var hasMoreThanName: Bool {
        values.contains { $0.measure != .containerName } || !isEmpty && values.isEmpty
    }

    /// Reads one value of a container or of its status.
    fileprivate mutating func read(_ leaf: Outline.Leaf) {
        let (value, line) = (leaf.value, leaf.line)
        let isTermination = leaf.path.dropLast().last == "terminated"
        if isTermination { hasEnded = true }
        switch leaf.path.last {
        case "memory": set(.cgroupLimit, ContainerState.quantity(value), line)
        case "restartCount": set(.restarts, Int64(value), line)
        case "image": setImage(value, line)
        case "containerID":
            // That of a container that has ended names another cgroup.
            if !isTermination { setID(value) }
        case "exitCode" where isTermination: setExit(value, line)
        case "reason" where isTermination: setReason(value, line)
        case "finishedAt" where isTermination: set(.finishedAt, time: value, line)
        case "startedAt" where isTermination: set(.lastStartedAt, time: value, line)
        case "startedAt" where leaf.ends(in: "running", "startedAt"):
            set(.startedAt, time: value, line)
        default: break
        }
    }
}
