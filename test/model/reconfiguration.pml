/* Dynamic reconfiguration as zab.md 5.3 and 5.4 describe it, over the elections, the
 * synchronisation and the commits of sections 2.4 to 2.7. README.md says what is modelled, what is
 * left out and why that is enough.
 *
 * Bounds and scenario (-D): EPOCHS, CLIENTS (client entries in all), CHANGES (Config entries in
 * all), and sets of storage ids as bit sets: FROM (the first configuration), TO_A and TO_B (what
 * an operator may ask for), and WIPE, which lets the disk of server 2 be emptied; its slot then
 * comes back as storage id 4.
 *
 * Mutants (-D) break one rule each, and a violation must be found: JOINT_FROM_COMMIT,
 * NO_ACTIVATION, COMMIT_BY_OLD, COMMIT_BY_NEW, ELECT_BY_OLD, ELECT_BY_NEW, ACTIVATE_BEFORE_COMMIT,
 * WIPED_DISK_VOTES, NO_FRESHNESS, GRANT_TWICE, ACK_BELOW_PROMISE, COMMIT_OLD_EPOCH.
 * CHANGE_BEFORE_COMMIT is a relaxation that is safe in all runs, see README.md.
 *
 * With HARM_ONLY a commit that no quorum holds is no violation yet; only what follows from it is:
 * a later leader without it, two leaders, new members that cannot elect.
 *
 * Probes (-D) claim that something never happens, and must be refuted: NEVER_SUCCEEDS,
 * NEVER_ACTIVATED_BY_SUCCESSOR, NEVER_TRUNCATES_CHANGE, NEVER_COMMITS_AS_OUTSIDER,
 * NEVER_COUNTS_REPLACEMENT.
 */

#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef CLIENTS
#define CLIENTS 1
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef FROM
#define FROM 7 /* {0,1,2} */
#endif
#ifndef TO_A
#define TO_A 11 /* {0,1,3} */
#endif
#ifndef TO_B
#define TO_B TO_A
#endif

#define SERVERS 5 /* storage ids; the last one is the second disk of server 2 */
#define WIPED 2
#define REPLACEMENT 4

/* The first configuration, an EpochStart per epoch, client entries, and two entries for each
 * change. */
#define LONGEST (1 + EPOCHS + CLIENTS + 2 * CHANGES)

/* The history that the leader of an epoch has made: what it found in its log, its EpochStart, and
 * what it appended since. It only grows, and any prefix of it may reach anybody at any later time,
 * in messages that were under way. `before` and `after` are the configurations in force from that
 * entry on; they differ in the joint phase. */
typedef history {
    byte leader;          /* server + 1; 0 = nobody has won this epoch */
    byte length;
    byte epoch[LONGEST];  /* of each entry; with its index that is the entry's zxid */
    byte before[LONGEST];
    byte after[LONGEST];
    byte acked[SERVERS];  /* length of the prefix that a server has acknowledged to this leader */
    byte committed        /* length of the prefix that this leader may call committed */
}
history made[EPOCHS + 1]; /* made[0] is the bootstrap: one entry, the first configuration */

/* What is on a server's disk, and its candidacy. A log is a prefix of the history of the epoch of
 * its last entry. */
typedef server {
    byte promise;
    byte epoch;
    byte length;
    byte grants           /* who has granted this server the epoch `promise`; 0 = no candidate */
}
server on[SERVERS];

byte clients_left = CLIENTS;
byte changes_left = CHANGES;
#ifdef WIPE
bool is_wiped;
#endif

/* What was committed by anybody, as a log like the servers' ones. */
byte canon_epoch;
byte canon_length = 1;

/* Set once, or only used inside a step. */
hidden byte size_of[32];
hidden byte k;
hidden byte members;
hidden byte in_force;
hidden byte least;

#define BIT(i) (1 << (i))
#define MAJORITY(who, of) (2 * size_of[(who) & (of)] > size_of[of])

#define BEFORE(i) made[on[i].epoch].before[on[i].length - 1]
#define AFTER(i) made[on[i].epoch].after[on[i].length - 1]

#define NOT_FRESHER(i, than) \
    (on[i].epoch < on[than].epoch \
        || (on[i].epoch == on[than].epoch && on[i].length <= on[than].length))
#ifdef NO_FRESHNESS
#define MAY_GRANT(i, to) true
#else
#define MAY_GRANT(i, to) NOT_FRESHER(i, to)
#endif

/* I36: a promise or an acknowledgement counts for the storage id that gave it. */
#ifdef WIPED_DISK_VOTES
#define COUNTED(who) ((who) | (((who) >> REPLACEMENT & 1) << WIPED))
#else
#define COUNTED(who) (who)
#endif

#ifdef WIPE
#define IS_ALIVE(i) (((i) != WIPED || !is_wiped) && ((i) != REPLACEMENT || is_wiped))
#else
#define IS_ALIVE(i) ((i) != REPLACEMENT)
#endif

/* Does the log of server i hold exactly the entries of made[e], as far as it reaches? */
#define IS_PREFIX(i, e) \
    (on[i].length <= made[e].length \
        && (on[i].length == 0 || made[e].epoch[on[i].length - 1] == on[i].epoch))

/* Does the log that ends at (last, length) contain all that is committed? */
#define CONTAINS_CANON(last, size) \
    ((size) >= canon_length && made[last].epoch[canon_length - 1] == canon_epoch)

#define ACKED(e, i, size) ((made[e].acked[i] >= (size)) << (i))
#define WHO_ACKED(e, size) \
    COUNTED(ACKED(e, 0, size) | ACKED(e, 1, size) | ACKED(e, 2, size) | ACKED(e, 3, size) \
        | ACKED(e, 4, size))

/* 2.4, 5.3.2: which configurations must give a quorum of promises, as the log of the candidate
 * says. */
#if defined(ELECT_BY_OLD) || defined(JOINT_FROM_COMMIT)
#define HAS_WON(i) MAJORITY(COUNTED(on[i].grants), BEFORE(i))
#elif defined(ELECT_BY_NEW)
#define HAS_WON(i) MAJORITY(COUNTED(on[i].grants), AFTER(i))
#else
#define HAS_WON(i) \
    (MAJORITY(COUNTED(on[i].grants), BEFORE(i)) && MAJORITY(COUNTED(on[i].grants), AFTER(i)))
#endif

/* 2.7.4, 5.3.2: and which must give a quorum of acknowledgements. */
#if defined(COMMIT_BY_OLD) || defined(JOINT_FROM_COMMIT)
#define HAS_QUORUM(e, size) MAJORITY(WHO_ACKED(e, size), made[e].before[(size) - 1])
#elif defined(COMMIT_BY_NEW)
#define HAS_QUORUM(e, size) MAJORITY(WHO_ACKED(e, size), made[e].after[(size) - 1])
#else
#define HAS_QUORUM(e, size) \
    (MAJORITY(WHO_ACKED(e, size), made[e].before[(size) - 1]) \
        && MAJORITY(WHO_ACKED(e, size), made[e].after[(size) - 1]))
#endif

/* The newest configuration whose change the operator has been told to have succeeded, and those
 * before it whose removed members may be switched off for ever. */
#ifdef NO_ACTIVATION
#define SUCCEEDED made[canon_epoch].after[canon_length - 1]
#else
#define SUCCEEDED made[canon_epoch].before[canon_length - 1]
#endif

/* I12: a quorum of each configuration in force at the end of what is committed holds all of it on
 * disk. */
inline check_durability() {
    members = 0;
    for (k : 0 .. SERVERS - 1) {
        if
        :: on[k].length > 0 && CONTAINS_CANON(on[k].epoch, on[k].length) ->
            members = members | BIT(k)
        :: else
        fi
    }
    assert(MAJORITY(COUNTED(members), made[canon_epoch].before[canon_length - 1]));
    assert(MAJORITY(COUNTED(members), made[canon_epoch].after[canon_length - 1]));
    members = 0;
    k = 0
}

/* After success the new members alone can elect: whenever server k may be the freshest of a quorum
 * of them, that quorum satisfies every configuration that k must ask. `members` are those of them
 * that k outranks; `least` is how many of the older configuration are in a quorum of these at
 * least. If k knows of a newer change instead, its new members are not switched off and may be
 * asked; then it is enough that k has all that is committed. */
#define ADD_IF_OUTRANKED(i) \
    if \
    :: (in_force & BIT(i)) && IS_ALIVE(i) && NOT_FRESHER(i, k) -> members = members | BIT(i) \
    :: else \
    fi;
inline check_new_members_can_elect() {
    in_force = SUCCEEDED;
    for (k : 0 .. SERVERS - 1) {
        if
        :: (in_force & BIT(k)) && IS_ALIVE(k) && on[k].length > 0 && BEFORE(k) != in_force ->
            members = 0;
            ADD_IF_OUTRANKED(0)
            ADD_IF_OUTRANKED(1)
            ADD_IF_OUTRANKED(2)
            ADD_IF_OUTRANKED(3)
            ADD_IF_OUTRANKED(4)
            if
            :: MAJORITY(members, in_force) && AFTER(k) == in_force ->
                /* the size of a quorum, less those whom the older configuration does not know */
                least = size_of[in_force] / 2 + 1;
                if
                :: least > size_of[members & ~BEFORE(k)] ->
                    least = least - size_of[members & ~BEFORE(k)]
                :: else -> least = 0
                fi;
                if :: least == 0 && (BEFORE(k) & BIT(k)) -> least = 1 :: else fi;
                assert(2 * least > size_of[BEFORE(k)])
            :: MAJORITY(members, in_force) && AFTER(k) != in_force ->
                assert(CONTAINS_CANON(on[k].epoch, on[k].length))
            :: else
            fi
        :: else
        fi
    }
    in_force = 0;
    members = 0;
    least = 0;
    k = 0
}

inline check_all() {
#ifdef NEVER_SUCCEEDS
    assert(SUCCEEDED == FROM);
#endif
#ifdef NEVER_COUNTS_REPLACEMENT
    assert(!is_wiped || !(SUCCEEDED & BIT(REPLACEMENT)));
#endif
#ifndef HARM_ONLY
    check_durability();
#endif
    check_new_members_can_elect()
}

/* I10, leader completeness: the history of a later epoch holds what the leader of an earlier one
 * has committed. It says nothing of what a still later epoch commits: a leader may learn late that
 * it has won. */
#define HOLDS_COMMITTED(later, earlier) \
    (made[later].length == 0 || made[earlier].committed == 0 \
        || (made[later].length >= made[earlier].committed \
            && made[later].epoch[made[earlier].committed - 1] \
                == made[earlier].epoch[made[earlier].committed - 1]))
inline check_completeness() {
    assert(HOLDS_COMMITTED(2, 1));
#if EPOCHS >= 3
    assert(HOLDS_COMMITTED(3, 1) && HOLDS_COMMITTED(3, 2));
#endif
#if EPOCHS >= 4
    assert(HOLDS_COMMITTED(4, 1) && HOLDS_COMMITTED(4, 2) && HOLDS_COMMITTED(4, 3))
#endif
}

/* Rule 5 of 2.0: only entries of the leader's own epoch are counted. */
#ifdef COMMIT_OLD_EPOCH
#define IS_COUNTABLE(e, size) true
#else
#define IS_COUNTABLE(e, size) (made[e].epoch[(size) - 1] == e)
#endif

/* An acknowledgement of entry `size` of epoch e has reached the leader. It is counted at once:
 * what a quorum has made durable is chosen, whether or not the leader lives to say so. */
inline count_acknowledgement(e, size) {
    if
    :: IS_COUNTABLE(e, size) -> made[e].acked[me] = size
    :: else
    fi;
    if
    :: IS_COUNTABLE(e, size) && HAS_QUORUM(e, size) && size > made[e].committed ->
        made[e].committed = size;
        check_completeness();
#ifdef NEVER_COMMITS_AS_OUTSIDER
        assert(made[e].after[size - 1] & BIT(made[e].leader - 1));
#endif
        if
        :: size > canon_length ->
            assert(made[e].epoch[canon_length - 1] == canon_epoch); /* I11: agreement */
            canon_epoch = made[e].epoch[size - 1];
            canon_length = size
        :: else ->
            assert(made[canon_epoch].epoch[size - 1] == made[e].epoch[size - 1])
        fi
    :: else
    fi
}

/* 2.4: a voter of a configuration in force, as its own log tells, may campaign for any higher
 * epoch. An empty log names no configuration. */
#ifdef WIPED_DISK_VOTES
#define MAY_CAMPAIGN(i) (on[i].length > 0 && (COUNTED(BIT(i)) & (BEFORE(i) | AFTER(i))))
#else
#define MAY_CAMPAIGN(i) (on[i].length > 0 && (BIT(i) & (BEFORE(i) | AFTER(i))))
#endif

#define CAMPAIGN(e) \
    :: d_step { \
        IS_ALIVE(me) && e > on[me].promise && MAY_CAMPAIGN(me) -> \
        on[me].promise = e; \
        on[me].grants = BIT(me) \
    }

/* 2.4: the promise is durable when it counts. Whom a candidate would not count, it need not ask. */
#ifdef GRANT_TWICE
#define IS_NEW_EPOCH(e) ((e) >= on[me].promise)
#else
#define IS_NEW_EPOCH(e) ((e) > on[me].promise)
#endif
#define GRANT(i) \
    :: d_step { \
        on[i].grants != 0 && i != me && IS_ALIVE(me) && IS_NEW_EPOCH(on[i].promise) \
            && MAY_GRANT(me, i) && (COUNTED(BIT(me)) & (BEFORE(i) | AFTER(i))) -> \
        on[me].promise = on[i].promise; \
        on[me].grants = 0; \
        on[i].grants = on[i].grants | BIT(me) \
    }

#define LAST(e) (made[e].length - 1)
#define SAME_CONFIGURATIONS(e, i, j) \
    (made[e].before[i] == made[e].before[j] && made[e].after[i] == made[e].after[j])

inline append(e, configuration_before, configuration_after) {
    made[e].epoch[made[e].length] = e;
    made[e].before[made[e].length] = configuration_before;
    made[e].after[made[e].length] = configuration_after;
    made[e].length++
}

/* The winner's history is its log and an EpochStart. Its own copy of that is written like any
 * follower's. */
inline win() {
    e = on[me].promise;
    assert(made[e].leader == 0); /* I1: one leader per epoch */
    made[e].leader = me + 1;
    for (k : 0 .. on[me].length - 1) {
        made[e].epoch[k] = made[on[me].epoch].epoch[k];
        made[e].before[k] = made[on[me].epoch].before[k];
        made[e].after[k] = made[on[me].epoch].after[k]
    }
    made[e].length = on[me].length;
    append(e, BEFORE(me), AFTER(me));
    check_completeness();
    on[me].grants = 0;
    k = 0;
    e = 0
}

inline check_truncation() {
    skip;
#ifdef NEVER_TRUNCATES_CHANGE
    assert(k == 0 || AFTER(me) == made[on[me].epoch].after[k - 1])
#endif
}

/* 2.6, 2.7: take the next entry of the leader of e. */
#ifdef ACK_BELOW_PROMISE
#define MAY_FOLLOW(e) (IS_ALIVE(me) && (e) >= on[me].epoch)
#else
#define MAY_FOLLOW(e) (IS_ALIVE(me) && (e) >= on[me].promise)
#endif
#define FOLLOW(e) \
    :: d_step { \
        MAY_FOLLOW(e) && made[e].length > on[me].length && IS_PREFIX(me, e) -> \
        if :: e > on[me].promise -> on[me].promise = e :: else fi; \
        on[me].grants = 0; \
        on[me].epoch = made[e].epoch[on[me].length]; \
        on[me].length++; \
        count_acknowledgement(e, on[me].length); \
        check_all() \
    } \
    :: d_step { \
        MAY_FOLLOW(e) && made[e].length > 0 && !IS_PREFIX(me, e) -> \
        if :: e > on[me].promise -> on[me].promise = e :: else fi; \
        on[me].grants = 0; \
        k = 0; \
        do \
        :: k < on[me].length && k < made[e].length \
            && made[e].epoch[k] == made[on[me].epoch].epoch[k] -> k++ \
        :: else -> break \
        od; \
        assert(k < made[e].length); /* 2.6.3: there is a proven conflict */ \
        check_truncation(); \
        on[me].length = k; \
        if :: k > 0 -> on[me].epoch = made[e].epoch[k - 1] :: else -> on[me].epoch = 0 fi; \
        k = 0; \
        check_all() \
    }

#define LEADS(e) (made[e].leader == me + 1)
#define IN_JOINT_PHASE(e) (made[e].before[LAST(e)] != made[e].after[LAST(e)])

/* Without an activation record the leader, who knows that the change is committed, drops the old
 * configuration. */
#ifdef NO_ACTIVATION
#define ENDS_JOINT_PHASE(e) (made[e].committed == made[e].length)
#else
#define ENDS_JOINT_PHASE(e) false
#endif

/* I35: when a change is proposed, the last one in this history, its activation that is, has been
 * committed. */
inline check_none_pending(e) {
    skip;
#ifndef CHANGE_BEFORE_COMMIT
    k = LAST(e);
    do
    :: k > 0 && SAME_CONFIGURATIONS(e, k - 1, LAST(e)) -> k--
    :: else -> break
    od;
    assert(k < canon_length && made[canon_epoch].epoch[k] == made[e].epoch[k]);
    k = 0
#endif
}

/* 5.3.1: EpochStart and the activation of the change before are committed. That is so if the entry
 * after which no configuration changed any more is, and with it this epoch's first one. */
#ifdef CHANGE_BEFORE_COMMIT
#define MAY_CHANGE(e) (!IN_JOINT_PHASE(e))
#else
#define MAY_CHANGE(e) (!IN_JOINT_PHASE(e) && made[e].committed > 0 \
    && made[e].before[made[e].committed - 1] == made[e].after[made[e].committed - 1] \
    && made[e].after[made[e].committed - 1] == made[e].after[LAST(e)])
#endif

#define CHANGE_TO(e, target) \
    :: d_step { \
        LEADS(e) && changes_left > 0 && MAY_CHANGE(e) && made[e].after[LAST(e)] != target -> \
        check_none_pending(e); \
        append(e, made[e].after[LAST(e)], target); \
        changes_left-- \
    }

inline check_activation(e) {
    skip;
#ifdef NEVER_ACTIVATED_BY_SUCCESSOR
    k = LAST(e);
    do
    :: made[e].before[k] != made[e].after[k] -> k--
    :: else -> break
    od;
    assert(made[e].epoch[k + 1] == e)
#endif
}

/* 5.3.3, 5.3.6: once the Config entry is committed, by whichever leader. */
#ifdef ACTIVATE_BEFORE_COMMIT
#define MAY_ACTIVATE(e) true
#else
#define MAY_ACTIVATE(e) \
    (made[e].committed > 0 && SAME_CONFIGURATIONS(e, made[e].committed - 1, LAST(e)))
#endif
#ifdef NO_ACTIVATION
#define ACTIVATE(e)
#else
#define ACTIVATE(e) \
    :: d_step { \
        LEADS(e) && IN_JOINT_PHASE(e) && MAY_ACTIVATE(e) -> \
        check_activation(e); \
        append(e, made[e].after[LAST(e)], made[e].after[LAST(e)]) \
    }
#endif

#define LEAD(e) \
    :: d_step { \
        LEADS(e) && clients_left > 0 -> \
        if \
        :: ENDS_JOINT_PHASE(e) -> append(e, made[e].after[LAST(e)], made[e].after[LAST(e)]) \
        :: else -> append(e, made[e].before[LAST(e)], made[e].after[LAST(e)]) \
        fi; \
        clients_left-- \
    } \
    CHANGE_TO(e, TO_A) \
    CHANGE_TO(e, TO_B) \
    ACTIVATE(e)

#define EPOCH(e) CAMPAIGN(e) FOLLOW(e) LEAD(e)

proctype server_of(byte me) {
    byte e;
end:
    do
    EPOCH(1)
#if EPOCHS >= 2
    EPOCH(2)
#endif
#if EPOCHS >= 3
    EPOCH(3)
#endif
#if EPOCHS >= 4
    EPOCH(4)
#endif
    GRANT(0)
    GRANT(1)
    GRANT(2)
    GRANT(3)
    GRANT(4)
    :: d_step { on[me].grants != 0 && HAS_WON(me) -> win() }
#ifdef WIPE
    :: d_step { me == WIPED && !is_wiped -> is_wiped = true; on[WIPED].grants = 0 }
#endif
    od
}

init {
    d_step {
        for (k : 1 .. 31) {
            size_of[k] = size_of[k >> 1] + (k & 1)
        }
        made[0].length = 1;
        made[0].before[0] = FROM;
        made[0].after[0] = FROM;
        for (k : 0 .. SERVERS - 1) {
            if :: FROM & BIT(k) -> on[k].length = 1 :: else fi
        }
        k = 0
    }
    atomic {
        run server_of(0);
        run server_of(1);
        run server_of(2);
        run server_of(3);
        run server_of(4)
    }
}
