import Chain

extension Engine {
    /// Another engine in the same state, for campaigns that go on from one state in many ways. A
    /// validator has one engine: engines are not copied by accident.
    public init(copying other: borrowing Engine) {
        instance = other.instance
        own = other.own
        timing = other.timing
        mode = other.mode
        views = other.views
        blocks = other.blocks
        leaders = other.leaders
        current = other.current
        lastFinal = other.lastFinal
        emitted = other.emitted
        emittedHead = other.emittedHead
        awaitingCommit = other.awaitingCommit
        unchecked = other.unchecked
        floor = other.floor
        uncertified = other.uncertified
        finalizable = other.finalizable
        order = other.order
        resolver = other.resolver
        activity = other.activity
        excluded = other.excluded
        votedView = other.votedView
        answeredAt = other.answeredAt
        ownVotesUnknown = other.ownVotesUnknown
        copyView(of: other)
        copyClocks(of: other)
        appended = other.appended
        synced = other.synced
        records = other.records
        outbox = other.outbox
        out = other.out
        hasProgressed = other.hasProgressed
    }

    private mutating func copyView(of other: borrowing Engine) {
        enteredAt = other.enteredAt
        multiplier = other.multiplier
        isLeaderTimerCancelled = other.isLeaderTimerCancelled
        isSkipping = other.isSkipping
        isTimedOut = other.isTimedOut
        isLeaderFailed = other.isLeaderFailed
        isBuilding = other.isBuilding
        hasBuilt = other.hasBuilt
        reproposeAt = other.reproposeAt
        leaderNeed = other.leaderNeed
    }

    private mutating func copyClocks(of other: borrowing Engine) {
        now = other.now
        busySince = other.busySince
        lastProgress = other.lastProgress
        retryDeadline = other.retryDeadline
        standstillDeadline = other.standstillDeadline
        armed = other.armed
        standstillCursor = other.standstillCursor
        watchEnd = other.watchEnd
        isVotingStopped = other.isVotingStopped
        syncNotBefore = other.syncNotBefore
    }
}
