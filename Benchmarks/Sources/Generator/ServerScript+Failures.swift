// SPDX-License-Identifier: Apache-2.0

// MARK: - What goes wrong

/// What fails in one incident.
enum Episode {
    case save, tasks, rewrite, synchronisation, module, saveKilled, rewriteKilled, oomKill
}

extension ServerScript {
    /// One incident: an operation fails again and again, and nothing else does.
    mutating func fail(scale: Int) {
        let episode = pick()
        outstanding = episode
        for attempt in 0..<(1 + random.below(rates.attempts)) * scale {
            failOnce(episode, attempt == 0 ? .opens : [])
        }
    }

    private mutating func pick() -> Episode {
        switch random.below(100) {
        case 0..<46: .save
        case 46..<50: .tasks
        case 50..<66: .rewrite
        case 66..<78: .synchronisation
        case 78..<82: .module
        case 82..<90: rates.oomKills ? .oomKill : .saveKilled
        case 90..<96: .saveKilled
        default: .rewriteKilled
        }
    }

    /// redis 7.2.4, src/rdb.c, src/aof.c, src/replication.c and src/module.c.
    private mutating func failOnce(_ episode: Episode, _ opens: Counts) {
        let step = 5000 + random.below(2000)
        let refused: Counts = [.matches, .forkFailure, opens]
        switch episode {
        case .save:
            trigger(step: step)
            say(
                "Can't save in background: fork: Cannot allocate memory", .master, "#", step: 1,
                [refused, .notSaved])
        case .tasks:
            trigger(step: step)
            say(
                "Can't save in background: fork: Resource temporarily unavailable", .master, "#",
                step: 1, [refused, .notSaved])
        case .rewrite:
            rewriteTrigger(step: step)
            say(
                "Can't rewrite append only file in background: fork: Cannot allocate memory",
                .master, "#", step: 1, refused)
        case .synchronisation:
            syncRequest(step: step)
            say(
                "Can't save in background: fork: Cannot allocate memory", .master, "#", step: 1,
                [refused, .notSaved])
            say("BGSAVE for replication failed", .master, "#", step: 0, .matches)
        case .module:
            say(
                "Can't fork for module: Cannot allocate memory", .master, "#", step: step, refused)
        case .saveKilled:
            trigger(step: step)
            childKilled(opens)
        case .rewriteKilled:
            rewriteTrigger(step: step)
            nextChild()
            sayChild("Background append only file rewriting started by pid ", step: 20)
            say(
                "Background AOF rewrite terminated by signal 9", .master, "#", step: 700,
                [.matches, .saveFailure, opens])
        case .oomKill:
            trigger(step: step)
            oomKilled(opens)
        }
    }

    private mutating func childKilled(_ opens: Counts) {
        nextChild()
        sayChild("Background saving started by pid ", step: 20)
        say(
            "Background saving terminated by signal 9", .master, "#", step: 700,
            [.matches, .saveFailure, .notSaved, opens])
    }

    /// Linux v6.6, mm/oom_kill.c.
    private mutating func oomKilled(_ opens: Counts) {
        nextChild()
        sayChild("Background saving started by pid ", step: 20)
        let (child, port) = (childPID, port)
        say(
            """
            redis-server invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), \
            order=0, oom_score_adj=0
            """, .kernel, step: 600, .matches)
        line(.kernel, step: 1, .matches) {
            $0.text("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,")
            $0.text("mems_allowed=0,global_oom,task_memcg=/system.slice/redis-server@")
            $0.number(port)
            $0.text(".service,task=redis-server,pid=")
            $0.number(child)
            $0.text(",uid=112")
        }
        line(.kernel, step: 1, [.matches, .oomKill, opens]) {
            $0.text("Out of memory: Killed process ")
            $0.number(child)
            $0.text(" (redis-server) total-vm:25165824kB, anon-rss:16252928kB, file-rss:0kB, ")
            $0.text("shmem-rss:0kB, UID:112 pgtables:49152kB oom_score_adj:0")
        }
        say(
            "Background saving terminated by signal 9", .master, "#", step: 90,
            [.matches, .saveFailure, .notSaved])
    }

    /// The operation succeeds again. A cycle begins with a save, so that needs nothing more.
    mutating func mend(_ episode: Episode) {
        switch episode {
        case .save, .tasks, .saveKilled, .oomKill: break
        case .rewrite, .rewriteKilled: rewrite()
        case .synchronisation:
            syncRequest(step: 1000)
            nextChild()
            sayChild("Background saving started by pid ", step: 20)
            saved("RDB", "Background saving terminated with success", .saved)
            say("Synchronization with replica 10.0.3.2:6379 succeeded", step: 300)
        case .module:
            nextChild()
            let child = childPID
            line(.master, "-", step: 1000) {
                $0.text("Module fork started pid: ")
                $0.number(child)
                $0.text(" ")
            }
            line(step: 500) {
                $0.text("Module fork exited pid: ")
                $0.number(child)
                $0.text(", retcode: 0, bysignal: 0")
            }
        }
    }

    /// Lines with the words of failures that tell of none.
    mutating func decoy() {
        switch random.below(3) {
        case 0:
            say(
                """
                Client id=88121 addr=10.0.3.9:51532 laddr=10.0.3.2:6379 fd=21 \
                name=cant-save-in-background age=3 idle=0 flags=N db=0 sub=0 cmd=set scheduled \
                to be closed ASAP for overcoming of output buffer limits.
                """, .master, "#", step: 40)
        case 1:
            say(
                "Unable to reclaim cache after saving RDB: Cannot allocate memory", step: 40)
        default:
            say(
                "<search> Cannot allocate memory for index idx:fork, retrying", .master, "#",
                step: 40)
        }
    }
}
