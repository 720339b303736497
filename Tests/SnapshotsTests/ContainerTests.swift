// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// Texts here are constructed after the sources that the formats name.
struct ContainerTests {
    static let inspect = """
        [
            {
                "Id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "Created": "2020-07-31T22:26:19.031194Z",
                "State": {
                    "Status": "exited",
                    "Running": false,
                    "OOMKilled": true,
                    "Dead": false,
                    "Pid": 0,
                    "ExitCode": 137,
                    "Error": "",
                    "StartedAt": "2020-07-31T22:26:20.031194Z",
                    "FinishedAt": "2020-07-31T22:28:17.557863Z"
                },
                "Name": "/cache",
                "RestartCount": 3,
                "HostConfig": {
                    "LogConfig": {
                        "Type": "json-file",
                        "Config": {}
                    },
                    "Memory": 3221225472,
                    "MemorySwap": 6442450944,
                    "OomKillDisable": false,
                    "OomScoreAdj": 0,
                    "PidsLimit": null,
                    "Ulimits": [
                        {
                            "Name": "nofile",
                            "Hard": 1024
                        }
                    ]
                },
                "Config": {
                    "Env": [
                        "REDIS_PASSWORD=geheim"
                    ]
                }
            }
        ]
        """

    @Test func readsAnInspectedContainer() throws {
        let found = snapshots("$ docker inspect cache\n" + Self.inspect)
        #expect(found.count == 1)
        let container = try #require(found.first)
        #expect(container.subject.scope == .cgroup)
        #expect(container.subject.path?.hasPrefix("0123456789ab") == true)
        #expect(container.text(.containerName) == "cache")
        #expect(container[.cgroupLimit] == 3_221_225_472)
        #expect(container[.cgroupMemorySwapLimit] == 6_442_450_944)
        #expect(container[.pidsMax] == .max)
        #expect(container[.wasOOMKilled] == 1)
        #expect(container[.exitCode] == 137)
        #expect(container[.restarts] == 3)
        #expect(container[.startedAt] == 1_596_234_380)
        #expect(container[.finishedAt] == 1_596_234_497)
        #expect(container.subject.pid == nil)
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func readsAnExcerptAndOneLine() {
        let excerpt = snapshots(
            """
            "State": {
                "Status": "running",
                "OOMKilled": false,
                "Pid": 2201,
                "ExitCode": 0,
                "FinishedAt": "0001-01-01T00:00:00Z"
            }
            """)
        #expect(excerpt.count == 1)
        #expect(excerpt.first?[.wasOOMKilled] == 0)
        #expect(excerpt.first?[.exitCode] == nil)
        #expect(excerpt.first?[.finishedAt] == nil)
        #expect(excerpt.first?.subject.pid == 2201)
        let line = snapshots(
            #"{"Status":"exited","OOMKilled":true,"Pid":0,"ExitCode":137}"#)
        #expect(line.first?[.wasOOMKilled] == 1)
        #expect(line.first?[.exitCode] == 137)
        let spaced = snapshots(
            #"[{"Id": "0123456789abcdef", "State": {"Status": "running", "OOMKilled": true}}]"#)
        #expect(spaced.first?[.wasOOMKilled] == 1)
    }

    @Test func readsObjectsThatStandOnOneLine() throws {
        let excerpt = """
                "Id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "State": {"Status": "exited","OOMKilled": true,"ExitCode": 137,"Pid": 0},
                "HostConfig": {"Memory": 268435456, "LogConfig": {"Type": "json-file"}},
            """
        let state = try #require(snapshots(excerpt).first)
        #expect(state[.wasOOMKilled] == 1 && state[.exitCode] == 137)
        #expect(state[.cgroupLimit] == 268_435_456)
        let pod = """
            {
                "kind": "Pod",
                "spec": {"containers": [{"name": "redis", "resources": {"limits": {"memory": "256Mi"}}}]},
                "status": {
                    "containerStatuses": [
                        {
                            "name": "redis",
                            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                            "restartCount": 1
                        }
                    ]
                }
            }
            """
        let container = try #require(snapshots("$ kubectl get pod x -o json\n" + pod).first)
        #expect(container[.wasOOMKilled] == 1 && container[.cgroupLimit] == 268_435_456)
    }

    @Test func readsWhatTheRuntimeSays() {
        let found = snapshots(
            """
            # crictl inspect 5ae6
            {
              "status": {
                "id": "5ae6f0123456789abcdef0123456789abcdef0123456789abcdef0123456789a",
                "metadata": {
                  "attempt": 1,
                  "name": "redis"
                },
                "state": "CONTAINER_EXITED",
                "exitCode": 137,
                "reason": "OOMKilled",
                "resources": {
                  "linux": {
                    "memoryLimitInBytes": "1073741824",
                    "oomScoreAdj": "968"
                  }
                }
              },
              "info": {
                "pid": 0,
                "runtimeSpec": {
                  "linux": {
                    "cgroupsPath": "kubepods-burstable.slice:cri-containerd:5ae6"
                  }
                }
              }
            }
            """)
        #expect(found.count == 1)
        #expect(found.first?.text(.containerName) == "redis")
        #expect(found.first?[.cgroupLimit] == 1_073_741_824)
        #expect(found.first?[.exitCode] == 137)
        #expect(found.first?[.wasOOMKilled] == 1)
    }

    @Test func readsAnExcerptOfADescription() throws {
        let found = try ServerSample(name: "kubectl-describe-excerpt.constructed.txt").read()
        #expect(found.count == 1)
        let container = try #require(found.first)
        #expect(container[.wasOOMKilled] == 1)
        #expect(container.text(.terminationReason) == "OOMKilled")
        #expect(container[.exitCode] == 137)
        #expect(container[.restarts] == 1)
        #expect(container[.startedAt] == 1_700_000_061)
        #expect(container[.lastStartedAt] == 1_699_992_062)
        #expect(container[.finishedAt] == 1_700_000_060)
    }

    static let description = """
        Name:             redis-0
        Namespace:        prod
        Node:             node-1/10.0.0.5
        Containers:
          redis:
            Container ID:  containerd://5ae6f0123456789abcdef
            Image:         redis:7.2
            Args:
              --maxmemory
              2gb
            State:          Waiting
              Reason:       CrashLoopBackOff
            Last State:     Terminated
              Reason:       Error
              Exit Code:    1
            Restart Count:  7
            Limits:
              cpu:     2
              memory:  2Gi
            Requests:
              memory:     1Gi
          exporter:
            State:          Running
              Started:      Tue, 14 Nov 2023 22:14:21 +0000
            Restart Count:  0
            Limits:
              memory:  50M
        Conditions:
          Type              Status
          Ready             True
        Events:
          Type     Reason     Age   From     Message
        """

    @Test func readsADescribedPod() throws {
        let found = snapshots(Self.description)
        #expect(found.count == 2)
        #expect(found[0].subject.host == "node-1")
        #expect(found[0].subject.path == "5ae6f0123456789abcdef")
        #expect(found[0].text(.podName) == "redis-0")
        #expect(found[0].text(.containerName) == "redis")
        #expect(found[0].text(.terminationReason) == "Error")
        #expect(found[0][.wasOOMKilled] == 0)
        #expect(found[0][.exitCode] == 1)
        #expect(found[0][.restarts] == 7)
        #expect(found[0][.cgroupLimit] == 2_147_483_648)
        #expect(found[1].text(.containerName) == "exporter")
        #expect(found[1][.cgroupLimit] == 50_000_000)
        #expect(found[1][.exitCode] == nil)
    }

    static let yaml = """
        apiVersion: v1
        kind: Pod
        metadata:
          labels:
            name: something-else
          name: redis-0
        spec:
          containers:
          - image: redis:7.2
            env:
            - name: REDIS_PASSWORD
              value: geheim
            name: redis
            resources:
              limits:
                cpu: "2"
                memory: 2Gi
              requests:
                memory: 1Gi
          nodeName: node-1
        status:
          containerStatuses:
          - containerID: containerd://5ae6f0123456789abcdef
            lastState:
              terminated:
                containerID: containerd://aaaaf0123456789abcdef
                exitCode: 137
                finishedAt: "2023-11-14T22:14:20Z"
                reason: OOMKilled
                startedAt: "2023-11-14T20:01:02Z"
            name: redis
            restartCount: 1
            state:
              running:
                startedAt: "2023-11-14T22:14:21Z"
        """

    static let json = """
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "redis-0"
            },
            "spec": {
                "containers": [
                    {
                        "name": "redis",
                        "resources": {
                            "limits": {
                                "memory": "2Gi"
                            }
                        }
                    }
                ],
                "nodeName": "node-1"
            },
            "status": {
                "containerStatuses": [
                    {
                        "containerID": "containerd://5ae6f0123456789abcdef",
                        "lastState": {
                            "terminated": {
                                "containerID": "containerd://aaaaf0123456789abcdef",
                                "exitCode": 137,
                                "finishedAt": "2023-11-14T22:14:20Z",
                                "reason": "OOMKilled",
                                "startedAt": "2023-11-14T20:01:02Z"
                            }
                        },
                        "name": "redis",
                        "restartCount": 1,
                        "state": {
                            "running": {
                                "startedAt": "2023-11-14T22:14:21Z"
                            }
                        }
                    }
                ]
            }
        }
        """

    @Test(arguments: [
        yaml, json, "$ kubectl get pod redis-0 -o json\n" + json,
        json.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
            .replacing("\": ", with: "\":"),
    ])
    func readsAPodsObject(text: String) throws {
        let found = snapshots(text)
        #expect(found.count == 1)
        let container = try #require(found.first)
        #expect(container.format == "kubectl get")
        #expect(container.subject.host == "node-1")
        #expect(container.subject.path == "5ae6f0123456789abcdef")
        #expect(container.text(.podName) == "redis-0")
        #expect(container.text(.containerName) == "redis")
        #expect(container[.cgroupLimit] == 2_147_483_648)
        #expect(container[.restarts] == 1)
        #expect(container[.wasOOMKilled] == 1)
        #expect(container[.exitCode] == 137)
        #expect(container[.startedAt] == 1_700_000_061)
        #expect(container[.lastStartedAt] == 1_699_992_062)
        #expect(container[.finishedAt] == 1_700_000_060)
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func readsRowsOfContainers() {
        let found = snapshots(
            """
            CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT     MEM %     NET I/O           BLOCK I/O   PIDS
            8a2b1c3d4e5f   redis     0.15%     2.305GiB / 3GiB       76.83%    1.5kB / 2.1kB     0B / 0B     6
            9a2b1c3d4e5f   my app    0.15%     512MiB / 23.54GiB     2.1%      1.5kB / 2.1kB     0B / 0B     12
            """)
        #expect(found.count == 2)
        #expect(found[0].subject.path == "8a2b1c3d4e5f")
        #expect(found[0].text(.containerName) == "redis")
        #expect(found[0][.cgroupUsage] == 2_474_974_904)
        #expect(found[0][.cgroupLimit] == 3_221_225_472)
        #expect(found[0][.pidsCurrent] == 6)
        #expect(found[1].text(.containerName) == "my app")
        #expect(found[1][.cgroupUsage] == 536_870_912)
    }

    @Test func readsRowsOfPodsAndNodes() {
        let pods = snapshots(
            "NAME      CPU(cores)   MEMORY(bytes)\nredis-0   12m          2048Mi\n")
        #expect(pods.first?.subject.scope == .cgroup)
        #expect(pods.first?.text(.podName) == "redis-0")
        #expect(pods.first?[.cgroupUsage] == 2_147_483_648)
        let nodes = snapshots(
            "NAME     CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nnode-1   300m   15%   5000Mi   62%\n"
        )
        #expect(nodes.first?.subject.scope == .host)
        #expect(nodes.first?.subject.host == "node-1")
        #expect(nodes.first?[.memUsed] == 5_242_880_000)
    }

    @Test func readsWhatTheEngineWarnsOf() {
        let found = snapshots(
            """
            $ docker info
            Server:
             Kernel Version: 5.15.0-91-generic
             CPUs: 4
             Total Memory: 7.656GiB
             Name: db1
            WARNING: No swap limit support
            WARNING: No memory limit support
            """)
        #expect(found.count == 1)
        #expect(found.first?.subject.host == "db1")
        #expect(found.first?.text(.kernelRelease) == "5.15.0-91-generic")
        #expect(found.first?[.processors] == 4)
        #expect(
            found.first?.text(.containerWarnings)
                == "No swap limit support; No memory limit support")
    }

    @Test(arguments: [
        "Name:\tredis-server\nUmask:\t0022\nState:\tS (sleeping)\n", "State: fine\n",
        "Name:  somebody\nAge:  5\n", "kind: ConfigMap\n", "WARNING: No config file specified\n",
    ])
    func foreignTextIsNoContainer(text: String) {
        #expect(!snapshots(text).contains { $0.subject.scope == .cgroup })
    }
}
