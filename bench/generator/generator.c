/* The load generator: holds websocket connections in groups, sends chat messages, counts deliveries.
 *
 * One thread, epoll, plain loopback TCP, RFC 6455 client with masked frames. It is told who the members
 * are by a file (one line each: "<token or -> <conversation> <port>"), connects them, says "ready", and
 * then obeys standard input:
 *
 *     slice <seconds> <in flight per group> <messages per second, 0 = closed loop> <content bytes>
 *
 * A message is complete when EVERY member of its group has received it. In the closed loop the next one
 * of the group goes out then; in the open loop they go out on the clock, whatever happened to the
 * earlier ones, and latency counts from the intended time. Senders take turns over a group's members.
 * A slice ends when all its messages are complete (or after DRAIN_NS), and prints one line of JSON.
 *
 * With -s the same objects go as events of Socket.IO v5 on Engine.IO v4, each asking to be acknowledged.
 * With -x they are group chat of XMPP over websocket (RFC 7395, XEP-0045): everybody is anonymous and in one
 * room; what comes back to its own sender is its acknowledgement.
 *
 * With -k its messages bear a mark of their own, so that two generators may write into one conversation:
 * what the other one said is passed over.
 *
 * It never judges what it receives beyond `type` and the mark in the content, and never verifies order:
 * that is the load tester's work.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 65536u
#define IN_BYTES (4u << 20)
#define EVENTS 512
#define DRAIN_NS 30000000000ull
#define HANDSHAKES_AT_ONCE 256
#define BUCKETS (64 * 64)
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define XMPP_DOMAIN "localhost"
#define XMPP_OPEN "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" to=\"" XMPP_DOMAIN "\" version=\"1.0\"/>"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum state { UNBORN, CONNECTING, UPGRADING, GREETED, AUTHENTICATING, LIVE, CLOSED };

struct peer {
    int fd;
    enum state state;
    uint32_t group;
    uint16_t port;
    char *token;
    char *in, *out; /* a frame's first part, bytes the socket did not take: null most of the time */
    size_t in_length, out_length;
};
struct group {
    char *conversation;
    uint32_t *members;
    uint32_t size, turn;
};
struct slot {
    uint64_t intended_ns;
    uint32_t group, remaining;
    uint16_t generation;
};
struct tally {
    uint64_t messages, deliveries, acks, errors, strays, missing, bytes, unsent, lag_max_ns;
};

static struct peer *peers;
static struct group *groups;
static struct slot slots[SLOTS];
static uint32_t peer_count, group_count, live_count, closed_count, connecting_count, free_slots[SLOTS], free_count;
static uint64_t buckets[BUCKETS], born_ns, sent_ever, random_state = 88172645463325252ull;
static struct tally tally;
static const char *path = "/v1/ws";
static int name_in_path, socket_io, xmpp, epoll_fd, timer_fd, complaints, own_mark = '~';
static char inbox[IN_BYTES];

/* The slice under way. */
static int active, draining, in_flight;
static uint64_t slice_began_ns, slice_ends_ns, drain_ends_ns, next_due_ns, interval_ns, now_ns, last_delivery_ns;
static uint32_t next_group;
static size_t content_bytes = 40;

static void die(const char *what) {
    fprintf(stderr, "generator: %s: %s\n", what, strerror(errno));
    exit(1);
}
static void complain(const char *what, const char *text, size_t length) {
    if (complaints++ < 5) fprintf(stderr, "generator: %s: %.*s\n", what, (int)(length < 300 ? length : 300), text);
}
static uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- latency: 32 steps for each doubling, so a percentile is right within 3 % --- */
static void record(uint64_t value) {
    int power = value < 64 ? 0 : 58 - __builtin_clzll(value);
    buckets[power == 0 ? value : (uint64_t)power * 64 + ((value >> power) & 63)]++;
}
static double percentile_ms(double share, uint64_t total) {
    uint64_t rank = (uint64_t)(share * (double)total), seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if (seen > rank || (seen == total && total > 0)) {
            int power = i / 64;
            return (power == 0 ? (double)i : (double)(((uint64_t)(i % 64)) << power)) / 1e6;
        }
    }
    return 0.0;
}

/* --- the way out --- */
static void watch(struct peer *peer, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(peer - peers)};
    if (epoll_ctl(epoll_fd, operation, peer->fd, &event) < 0) die("epoll_ctl");
}
static void lose(struct peer *peer, const char *why) {
    if (peer->state == CLOSED) return;
    if (peer->state == LIVE) live_count--;
    else connecting_count--;
    complain("connection lost", why, strlen(why));
    peer->state = CLOSED;
    closed_count++;
    close(peer->fd);
    free(peer->in);
    free(peer->out);
    peer->in = peer->out = NULL;
}
static void put(struct peer *peer, const char *bytes, size_t length) {
    if (peer->state == CLOSED) return;
    ssize_t taken = 0;
    if (peer->out == NULL) {
        taken = send(peer->fd, bytes, length, MSG_NOSIGNAL);
        if (taken == (ssize_t)length) return;
        if (taken < 0 && errno != EAGAIN) return lose(peer, "send");
        if (taken < 0) taken = 0;
        watch(peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    size_t rest = length - (size_t)taken;
    peer->out = realloc(peer->out, peer->out_length + rest);
    memcpy(peer->out + peer->out_length, bytes + taken, rest);
    peer->out_length += rest;
}
static void flush_out(struct peer *peer) {
    if (peer->out == NULL) return;
    ssize_t taken = send(peer->fd, peer->out, peer->out_length, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN) return lose(peer, "send");
    if (taken <= 0) return;
    peer->out_length -= (size_t)taken;
    memmove(peer->out, peer->out + taken, peer->out_length);
    if (peer->out_length == 0) {
        free(peer->out);
        peer->out = NULL;
        watch(peer, EPOLLIN, EPOLL_CTL_MOD);
    }
}
static void put_frame(struct peer *peer, int opcode, const char *payload, size_t length) {
    char frame[8192 + 16];
    if (length > 8192) length = 8192;
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    size_t at = 2;
    frame[0] = (char)(0x80 | opcode);
    if (length < 126) frame[1] = (char)(0x80 | length);
    else {
        frame[1] = (char)(0x80 | 126), frame[2] = (char)(length >> 8), frame[3] = (char)length;
        at = 4;
    }
    char mask[4];
    memcpy(mask, &random_state, 4);
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) frame[at + i] = payload[i] ^ mask[i & 3];
    put(peer, frame, at + length);
}

/* --- messages --- */
static void send_message(uint32_t number, uint64_t intended_ns) {
    if (free_count == 0) {
        tally.unsent++;
        return;
    }
    struct group *group = &groups[number];
    struct peer *sender = &peers[group->members[group->turn++ % group->size]];
    uint32_t index = free_slots[--free_count];
    struct slot *slot = &slots[index];
    slot->generation++;
    slot->group = number;
    slot->remaining = group->size;
    slot->intended_ns = intended_ns;
    char text[8192];
    uint32_t id = (slot->generation & 0xffffu) << 16 | index;
    int length = socket_io ? snprintf(text, 64, "42%u[\"message_send\",", id) : 0;
    if (xmpp) length = snprintf(text, 1024, "<message to=\"%s@conference." XMPP_DOMAIN "\" type=\"groupchat\" id=\"%u\"><body>%c%04x%04x",
                                group->conversation, id, own_mark, index, slot->generation);
    else length += snprintf(text + length, 1024,
                       "{\"type\":\"message.send\",\"id\":%u,\"conversation_id\":\"%s\","
                       "\"client_id\":\"%llx-%llx\",\"content\":\"%c%04x%04x",
                       id, group->conversation, (unsigned long long)born_ns, (unsigned long long)sent_ever++, own_mark, index,
                       slot->generation);
    for (size_t i = 9; i < content_bytes; i++) text[length++] = "and so it goes "[i % 15] == ' ' ? '_' : "and so it goes "[i % 15];
    length += sprintf(text + length, xmpp ? "</body></message>" : socket_io ? "\"}]" : "\"}");
    tally.messages++;
    put_frame(sender, 1, text, (size_t)length);
}
static int hex(const char *text) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}
static void deliver(const char *mark, const char *end) {
    if (end - mark < 9) return;
    int index = hex(mark + 1), generation = hex(mark + 5);
    struct slot *slot = index < 0 ? NULL : &slots[index];
    if (slot == NULL || slot->remaining == 0 || slot->generation != generation) {
        tally.strays++;
        return;
    }
    tally.deliveries++;
    record(now_ns > slot->intended_ns ? now_ns - slot->intended_ns : 0);
    last_delivery_ns = now_ns;
    if (--slot->remaining > 0) return;
    free_slots[free_count++] = (uint32_t)index;
    if (active && !draining && interval_ns == 0) send_message(slot->group, clock_ns());
}

/* --- the way in --- */
static void authenticate(struct peer *peer) {
    char text[512];
    int length = snprintf(text, sizeof text, "{\"type\":\"authenticate\",\"id\":0,\"token\":\"%s\"}", peer->token);
    peer->state = AUTHENTICATING;
    put_frame(peer, 1, text, (size_t)length);
}
static void go_live(struct peer *peer) {
    peer->state = LIVE;
    connecting_count--;
    live_count++;
}
/* What Socket.IO says besides events and acknowledgements: open, connected, refused, ping. */
static int read_socket_io(struct peer *peer, const char *at, size_t length) {
    if (length >= 1 && at[0] == '2') put_frame(peer, 1, "3", 1);
    else if (length >= 1 && at[0] == '0' && peer->state == GREETED) {
        peer->state = AUTHENTICATING;
        put_frame(peer, 1, "40", 2);
    } else if (length >= 2 && memcmp(at, "40", 2) == 0 && peer->state == AUTHENTICATING) go_live(peer);
    else if (length >= 2 && (memcmp(at, "42", 2) == 0 || memcmp(at, "43", 2) == 0)) return 0;
    else {
        complain("server", at, length);
        lose(peer, "a packet that the generator does not expect");
    }
    return 1;
}
static int says(const char *at, const char *end, const char *what) {
    return memmem(at, (size_t)(end - at), what, strlen(what)) != NULL;
}
/* The way into a room, each step answered by the server, and then what is said there. */
static void read_xmpp(struct peer *peer, const char *at, const char *end) {
    char text[512];
    uint32_t number = (uint32_t)(peer - peers);
    if (peer->state == LIVE) {
        const char *body = memmem(at, (size_t)(end - at), "<body>", 6);
        if (says(at, end, "type='error'")) {
            tally.errors++;
            complain("server", at, (size_t)(end - at));
        } else if (body != NULL && body[6] == own_mark) {
            snprintf(text, sizeof text, "/n%u'", number);
            if (says(at, body, text)) tally.acks++;
            deliver(body + 6, end);
        }
    } else if (says(at, end, "<stream:features")) {
        const char *next = says(at, end, "<mechanism>") ? "<auth xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\" mechanism=\"ANONYMOUS\"/>"
                           : "<iq type=\"set\" id=\"b\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/></iq>";
        put_frame(peer, 1, next, strlen(next));
    } else if (says(at, end, "<success")) put_frame(peer, 1, XMPP_OPEN, sizeof XMPP_OPEN - 1);
    else if (says(at, end, "<bind")) {
        int length = snprintf(text, sizeof text, "<presence to=\"%s@conference." XMPP_DOMAIN "/n%u\"><x xmlns=\"http://jabber.org/protocol/muc\">"
                              "<history maxstanzas=\"0\"/></x></presence>", groups[peer->group].conversation, number);
        peer->state = AUTHENTICATING;
        put_frame(peer, 1, text, (size_t)length);
    } else if (says(at, end, "<subject")) go_live(peer);
    else if (says(at, end, "error")) {
        complain("server", at, (size_t)(end - at));
        lose(peer, "not let into the room");
    }
}
/* An object or a JSON array of objects: every `"type":"` that the contract's vocabulary knows counts. */
static void read_payload(struct peer *peer, const char *at, const char *end) {
    static const char needle[] = "\"type\":\"";
    int batched = at < end && *at == '[';
    if (xmpp) return read_xmpp(peer, at, end);
    if (socket_io && read_socket_io(peer, at, (size_t)(end - at))) return;
    while ((at = memmem(at, (size_t)(end - at), needle, sizeof needle - 1)) != NULL) {
        const char *word = at + sizeof needle - 1;
        size_t left = (size_t)(end - word);
        at = word;
        if (left > 16 && memcmp(word, "message.created\"", 16) == 0) {
            const char *mark = memchr(word, own_mark, left);
            if (mark == NULL) continue;
            deliver(mark, end);
            at = mark;
        } else if (left > 3 && memcmp(word, "ok\"", 3) == 0) tally.acks++;
        else if (left > 6 && memcmp(word, "error\"", 6) == 0) {
            tally.errors++;
            complain("refused", word, left);
        } else if (left > 6 && memcmp(word, "hello\"", 6) == 0) {
            if (peer->state == GREETED) authenticate(peer);
        } else if (left > 6 && memcmp(word, "ready\"", 6) == 0) {
            if (peer->state == AUTHENTICATING) go_live(peer);
        } else if (left > 8 && (memcmp(word, "goodbye\"", 8) == 0 || memcmp(word, "lagged\"", 7) == 0)) {
            tally.errors++;
            complain("server", word, left);
        } else continue;
        if (!batched) return;
    }
}
/* Handles whole frames; answers how many bytes they took. */
static size_t read_frames(struct peer *peer, const char *bytes, size_t length) {
    size_t at = 0;
    while (length - at >= 2 && peer->state != CLOSED) {
        const unsigned char *head = (const unsigned char *)bytes + at;
        size_t header = 2, size = head[1] & 127;
        if (size == 126) {
            header = 4;
            if (length - at < header) break;
            size = (size_t)head[2] << 8 | head[3];
        } else if (size == 127) {
            header = 10;
            if (length - at < header) break;
            size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
        }
        if (length - at - header < size) break;
        const char *payload = bytes + at + header;
        switch (head[0]) {
        case 0x81: read_payload(peer, payload, payload + size); break;
        case 0x89: put_frame(peer, 10, payload, size); break;
        case 0x8a: break;
        case 0x88: {
            char why[64];
            snprintf(why, sizeof why, "close code %d", size >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 0);
            lose(peer, why);
            break;
        }
        default: lose(peer, "a frame that the generator does not expect");
        }
        at += header + size;
    }
    return at;
}
static size_t read_upgrade(struct peer *peer, const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (strncmp(bytes, "HTTP/1.1 101", 12) != 0 || memmem(bytes, length, ACCEPT, sizeof ACCEPT - 1) == NULL) {
        complain("upgrade refused", bytes, length);
        lose(peer, "upgrade");
        return length;
    }
    if (peer->token == NULL && !socket_io && !xmpp) go_live(peer);
    else peer->state = GREETED;
    if (xmpp) put_frame(peer, 1, XMPP_OPEN, sizeof XMPP_OPEN - 1);
    return (size_t)(end - bytes) + 4;
}
static void readable(struct peer *peer) {
    size_t held = peer->in_length;
    if (held) memcpy(inbox, peer->in, held);
    ssize_t got = recv(peer->fd, inbox + held, IN_BYTES - held, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return lose(peer, got == 0 ? "end of stream" : strerror(errno));
    now_ns = clock_ns();
    tally.bytes += (uint64_t)got;
    size_t length = held + (size_t)got, used = 0;
    if (peer->state == UPGRADING) used = read_upgrade(peer, inbox, length);
    if (peer->state > UPGRADING) used += read_frames(peer, inbox + used, length - used);
    if (peer->state == CLOSED) return;
    size_t rest = length - used;
    if (rest == IN_BYTES) return lose(peer, "a frame larger than the generator's buffer");
    if (rest) peer->in = realloc(peer->in, rest), memcpy(peer->in, inbox + used, rest);
    else if (held) free(peer->in), peer->in = NULL;
    peer->in_length = rest;
}

/* --- connecting --- */
static void start_connecting(struct peer *peer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(peer->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (peer->fd < 0) die(errno == EMFILE ? "too many connections for this process's open file limit" : "socket");
    int on = 1;
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) die("connect");
    peer->state = CONNECTING;
    connecting_count++;
    watch(peer, EPOLLOUT, EPOLL_CTL_ADD);
}
static void connected(struct peer *peer) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return lose(peer, strerror(error));
    const char *room = !name_in_path ? "" : strchr(path, '?') ? "&room=" : "?room=";
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s%s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: %s\r\n\r\n",
                          path, room, name_in_path ? groups[peer->group].conversation : "", peer->port,
                          xmpp ? "xmpp" : "convene.v1.json");
    peer->state = UPGRADING;
    watch(peer, EPOLLIN, EPOLL_CTL_MOD);
    put(peer, request, (size_t)length);
}

/* --- the slice --- */
static void begin_slice(double seconds, int flight, double rate, size_t bytes) {
    memset(&tally, 0, sizeof tally);
    memset(buckets, 0, sizeof buckets);
    active = 1, draining = 0, in_flight = flight;
    content_bytes = bytes < 9 ? 9 : bytes > 4000 ? 4000 : bytes;
    slice_began_ns = last_delivery_ns = next_due_ns = clock_ns();
    slice_ends_ns = slice_began_ns + (uint64_t)(seconds * 1e9);
    interval_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    if (interval_ns == 0)
        for (uint32_t i = 0; i < group_count; i++)
            for (int k = 0; k < flight; k++) send_message(i, clock_ns());
}
static void end_slice(double cpu_before) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i].remaining == 0) continue;
        tally.missing += slots[i].remaining;
        slots[i].remaining = 0;
        free_slots[free_count++] = i;
    }
    active = 0;
    uint64_t n = tally.deliveries;
    uint64_t lived_ns = last_delivery_ns > slice_ends_ns ? last_delivery_ns - slice_began_ns : slice_ends_ns - slice_began_ns;
    printf("{\"event\":\"slice\",\"seconds\":%.6f,\"messages\":%llu,\"deliveries\":%llu,\"acks\":%llu,\"errors\":%llu,"
           "\"strays\":%llu,\"missing\":%llu,\"unsent\":%llu,\"lost_connections\":%u,\"bytes\":%llu,\"cpu_s\":%.6f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,\"lag_max_ms\":%.3f}\n",
           (double)lived_ns / 1e9, (unsigned long long)tally.messages, (unsigned long long)n, (unsigned long long)tally.acks,
           (unsigned long long)tally.errors, (unsigned long long)tally.strays, (unsigned long long)tally.missing,
           (unsigned long long)tally.unsent, closed_count, (unsigned long long)tally.bytes, cpu_seconds() - cpu_before,
           percentile_ms(0.5, n), percentile_ms(0.99, n), percentile_ms(0.999, n), percentile_ms(1.0, n),
           (double)tally.lag_max_ns / 1e6);
    fflush(stdout);
}
static void send_what_is_due(uint64_t now) {
    while (interval_ns && !draining && next_due_ns <= now && next_due_ns < slice_ends_ns) {
        if (now - next_due_ns > tally.lag_max_ns) tally.lag_max_ns = now - next_due_ns;
        send_message(next_group++ % group_count, next_due_ns);
        next_due_ns += interval_ns;
    }
    struct itimerspec due = {.it_value = {.tv_sec = (time_t)(next_due_ns / 1000000000ull), .tv_nsec = (long)(next_due_ns % 1000000000ull)}};
    if (interval_ns && !draining) timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &due, NULL);
}

static void read_members(const char *file) {
    FILE *lines = fopen(file, "r");
    char token[256], conversation[128];
    unsigned port;
    uint32_t room = 0, group_room = 0;
    if (lines == NULL) die(file);
    while (fscanf(lines, "%255s %127s %u", token, conversation, &port) == 3) {
        if (peer_count == room) peers = realloc(peers, (room = room ? room * 2 : 1024) * sizeof *peers);
        /* Members of a group stand together in the file, so the last group is the only candidate. */
        if (group_count == 0 || strcmp(groups[group_count - 1].conversation, conversation) != 0) {
            if (group_count == group_room) groups = realloc(groups, (group_room = group_room ? group_room * 2 : 256) * sizeof *groups);
            groups[group_count++] = (struct group){.conversation = strdup(conversation)};
        }
        struct group *group = &groups[group_count - 1];
        group->members = realloc(group->members, (group->size + 1) * sizeof *group->members);
        group->members[group->size++] = peer_count;
        peers[peer_count++] = (struct peer){.fd = -1, .group = group_count - 1, .port = (uint16_t)port,
                                            .token = strcmp(token, "-") == 0 ? NULL : strdup(token)};
    }
    fclose(lines);
    if (peer_count == 0) errno = EINVAL, die("no members in the file");
}

int main(int argc, char **argv) {
    double connect_rate = 400;
    const char *members = NULL;
    for (int option; (option = getopt(argc, argv, "m:p:c:k:rsx")) != -1;) switch (option) {
        case 'm': members = optarg; break;
        case 'p': path = optarg; break;
        case 'c': connect_rate = atof(optarg); break;
        case 'k': own_mark = optarg[0]; break;
        case 'r': name_in_path = 1; break; /* raw servers have no accounts: the path says who is where */
        case 's': socket_io = 1; break;
        case 'x': xmpp = 1; break;
        default: members = NULL;
        }
    if (members == NULL) {
        fprintf(stderr, "usage: generator -m members [-p path] [-c connects per second] [-k mark] [-r] [-s | -x]\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    born_ns = clock_ns(), random_state ^= born_ns;
    for (uint32_t i = 0; i < SLOTS; i++) free_slots[free_count++] = SLOTS - 1 - i;
    read_members(members);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event special = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &special);
    special.data.u32 = UINT32_MAX - 1;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &special);

    struct epoll_event events[EVENTS];
    uint32_t born = 0;
    int announced = 0;
    double cpu_before = 0, cpu_born = cpu_seconds();
    char command[256];
    for (;;) {
        uint64_t now = clock_ns();
        while (born < peer_count && connecting_count < HANDSHAKES_AT_ONCE && (double)born <= (double)(now - born_ns) / 1e9 * connect_rate)
            start_connecting(&peers[born++]);
        if (!announced && live_count + closed_count == peer_count) {
            announced = 1;
            printf("{\"event\":\"ready\",\"connections\":%u,\"groups\":%u,\"lost_connections\":%u,\"seconds\":%.3f,\"cpu_s\":%.3f}\n",
                   live_count, group_count, closed_count, (double)(now - born_ns) / 1e9, cpu_seconds() - cpu_born);
            fflush(stdout);
        }
        if (active) {
            if (!draining && now >= slice_ends_ns) draining = 1, drain_ends_ns = now + DRAIN_NS;
            send_what_is_due(now);
            if (draining && ((free_count == SLOTS && tally.acks + tally.errors >= tally.messages) || now >= drain_ends_ns)) end_slice(cpu_before);
        }
        int patience_ms = born < peer_count ? 1 : active ? 2 : -1;
        int ready = epoll_wait(epoll_fd, events, EVENTS, patience_ms);
        for (int i = 0; i < ready; i++) {
            uint32_t who = events[i].data.u32;
            if (who == UINT32_MAX) {
                if (fgets(command, sizeof command, stdin) == NULL) return 0;
                double seconds, rate;
                int flight;
                size_t bytes;
                if (active || sscanf(command, "slice %lf %d %lf %zu", &seconds, &flight, &rate, &bytes) != 4) {
                    fprintf(stderr, "generator: not a command now: %s", command);
                    return 2;
                }
                cpu_before = cpu_seconds();
                begin_slice(seconds, flight, rate, bytes);
            } else if (who == UINT32_MAX - 1) {
                uint64_t ticks;
                if (read(timer_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer");
            } else {
                struct peer *peer = &peers[who];
                if (peer->state == CONNECTING) connected(peer);
                else if (peer->state != CLOSED) {
                    if (events[i].events & EPOLLOUT) flush_out(peer);
                    if (peer->state != CLOSED && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(peer);
                }
            }
        }
    }
}
