/* The load generator: holds websocket connections in groups, sends chat messages, counts deliveries.
 *
 * One thread, epoll, plain loopback TCP, RFC 6455 client with masked frames. It reads the members from a
 * file (one line each: "<token or -> <conversation> <port>"), connects them, prints a "ready" line and then
 * reads commands from standard input:
 *
 *     slice <seconds> <in flight per group> <messages per second, 0 = closed loop> <content bytes>
 *
 * A message is complete when EVERY member of its group has received it. In the closed loop the group's next
 * message is sent then. In the open loop messages are sent at fixed times regardless of earlier ones, and
 * latency counts from the intended time. The members of a group send in turn. A slice ends when all its
 * messages are complete (or after DRAIN_NS) and prints one line of JSON.
 *
 * With -s the objects are sent as events of Socket.IO v5 on Engine.IO v4, each with an acknowledgement request.
 * With -x they are sent as XMPP group chat over websocket (RFC 7395, XEP-0045): all users are anonymous and
 * each is in one room; the copy that returns to its sender is the acknowledgement.
 *
 * -k sets the character that marks this generator's messages, so that two generators can write to the same
 * conversations: messages with another mark are ignored.
 *
 * Received messages are checked only for `type` and the mark in the content, not for order; the load tester
 * checks order.
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

enum state { NOT_STARTED, CONNECTING, UPGRADING, UPGRADED, AUTHENTICATING, LIVE, CLOSED };

struct connection {
    int fd;
    enum state state;
    uint32_t group;
    uint16_t port;
    char *token;
    char *in, *out; /* partial frame received; unsent bytes: both usually null */
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
struct counters {
    uint64_t messages, deliveries, acks, errors, refused, strays, missing, bytes, unsent, lag_max_ns;
};

static struct connection *connections;
static struct group *groups;
static struct slot slots[SLOTS];
static uint32_t connection_count, group_count, live_count, closed_count, connecting_count, free_slots[SLOTS], free_count;
static uint64_t buckets[BUCKETS], started_ns, sent_total, random_state = 88172645463325252ull;
static struct counters counters;
static const char *path = "/v1/ws";
static int room_in_query, socket_io, xmpp, epoll_fd, timer_fd, logged_errors, message_mark = '~';
static char receive_buffer[IN_BYTES];

/* The current slice. */
static int active, draining, in_flight;
static uint64_t slice_started_ns, slice_ends_ns, drain_ends_ns, next_due_ns, interval_ns, now_ns, last_delivery_ns;
static uint32_t next_group;
static size_t content_bytes = 40;

static void die(const char *what) {
    fprintf(stderr, "generator: %s: %s\n", what, strerror(errno));
    exit(1);
}
static void log_error(const char *what, const char *text, size_t length) {
    if (logged_errors++ < 5) fprintf(stderr, "generator: %s: %.*s\n", what, (int)(length < 300 ? length : 300), text);
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

/* --- latency: 32 steps per doubling, so percentiles are accurate within 3 % --- */
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

/* --- sending --- */
static void watch(struct connection *connection, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(connection - connections)};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) < 0) die("epoll_ctl");
}
static void close_connection(struct connection *connection, const char *why) {
    if (connection->state == CLOSED) return;
    if (connection->state == LIVE) live_count--;
    else connecting_count--;
    log_error("connection lost", why, strlen(why));
    connection->state = CLOSED;
    closed_count++;
    close(connection->fd);
    free(connection->in);
    free(connection->out);
    connection->in = connection->out = NULL;
}
static void queue_bytes(struct connection *connection, const char *bytes, size_t length) {
    if (connection->state == CLOSED) return;
    ssize_t sent = 0;
    if (connection->out == NULL) {
        sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
        if (sent == (ssize_t)length) return;
        if (sent < 0 && errno != EAGAIN) return close_connection(connection, "send");
        if (sent < 0) sent = 0;
        watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    size_t rest = length - (size_t)sent;
    connection->out = realloc(connection->out, connection->out_length + rest);
    memcpy(connection->out + connection->out_length, bytes + sent, rest);
    connection->out_length += rest;
}
static void flush_queue(struct connection *connection) {
    if (connection->out == NULL) return;
    ssize_t sent = send(connection->fd, connection->out, connection->out_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return close_connection(connection, "send");
    if (sent <= 0) return;
    connection->out_length -= (size_t)sent;
    memmove(connection->out, connection->out + sent, connection->out_length);
    if (connection->out_length == 0) {
        free(connection->out);
        connection->out = NULL;
        watch(connection, EPOLLIN, EPOLL_CTL_MOD);
    }
}
static void queue_frame(struct connection *connection, int opcode, const char *payload, size_t length) {
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
    queue_bytes(connection, frame, at + length);
}

/* --- messages --- */
static void send_message(uint32_t number, uint64_t intended_ns) {
    if (free_count == 0) {
        counters.unsent++;
        return;
    }
    struct group *group = &groups[number];
    struct connection *sender = &connections[group->members[group->turn++ % group->size]];
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
                                group->conversation, id, message_mark, index, slot->generation);
    else length += snprintf(text + length, 1024,
                       "{\"type\":\"message.send\",\"id\":%u,\"conversation_id\":\"%s\","
                       "\"client_id\":\"%llx-%llx\",\"content\":\"%c%04x%04x",
                       id, group->conversation, (unsigned long long)started_ns, (unsigned long long)sent_total++, message_mark, index,
                       slot->generation);
    for (size_t i = 9; i < content_bytes; i++) text[length++] = "benchmark text "[i % 15] == ' ' ? '_' : "benchmark text "[i % 15];
    length += sprintf(text + length, xmpp ? "</body></message>" : socket_io ? "\"}]" : "\"}");
    counters.messages++;
    queue_frame(sender, 1, text, (size_t)length);
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
/* Ends the message of an error reply, so that its slot is free. Counts those that say when to retry. */
static void refuse(const char *reply, const char *end) {
    static const char id_needle[] = "\"id\":", delay_needle[] = "\"retry_after_ms\":";
    const char *id_at = memmem(reply, (size_t)(end - reply), id_needle, sizeof id_needle - 1);
    if (id_at == NULL) return;
    uint32_t id = (uint32_t)strtoul(id_at + sizeof id_needle - 1, NULL, 10), index = id & 0xffffu;
    struct slot *slot = &slots[index];
    if (slot->remaining == 0 || (slot->generation & 0xffffu) != id >> 16) return;
    if (memmem(reply, (size_t)(end - reply), delay_needle, sizeof delay_needle - 1) != NULL) counters.refused++;
    slot->remaining = 0;
    free_slots[free_count++] = index;
}
static void deliver(const char *mark, const char *end) {
    if (end - mark < 9) return;
    int index = hex(mark + 1), generation = hex(mark + 5);
    struct slot *slot = index < 0 ? NULL : &slots[index];
    if (slot == NULL || slot->remaining == 0 || slot->generation != generation) {
        counters.strays++;
        return;
    }
    counters.deliveries++;
    record(now_ns > slot->intended_ns ? now_ns - slot->intended_ns : 0);
    last_delivery_ns = now_ns;
    if (--slot->remaining > 0) return;
    free_slots[free_count++] = (uint32_t)index;
    if (active && !draining && interval_ns == 0) send_message(slot->group, clock_ns());
}

/* --- receiving --- */
static void authenticate(struct connection *connection) {
    char text[512];
    int length = snprintf(text, sizeof text, "{\"type\":\"authenticate\",\"id\":0,\"token\":\"%s\"}", connection->token);
    connection->state = AUTHENTICATING;
    queue_frame(connection, 1, text, (size_t)length);
}
static void on_authenticated(struct connection *connection) {
    connection->state = LIVE;
    connecting_count--;
    live_count++;
}
/* Handles Socket.IO control packets (open, connected, ping); returns 0 for events and acknowledgements. */
static int read_socket_io(struct connection *connection, const char *at, size_t length) {
    if (length >= 1 && at[0] == '2') queue_frame(connection, 1, "3", 1);
    else if (length >= 1 && at[0] == '0' && connection->state == UPGRADED) {
        connection->state = AUTHENTICATING;
        queue_frame(connection, 1, "40", 2);
    } else if (length >= 2 && memcmp(at, "40", 2) == 0 && connection->state == AUTHENTICATING) on_authenticated(connection);
    else if (length >= 2 && (memcmp(at, "42", 2) == 0 || memcmp(at, "43", 2) == 0)) return 0;
    else {
        log_error("server", at, length);
        close_connection(connection, "unexpected packet");
    }
    return 1;
}
static int contains(const char *at, const char *end, const char *what) {
    return memmem(at, (size_t)(end - at), what, strlen(what)) != NULL;
}
/* Runs the XMPP login step by step until the room is joined, then handles group chat. */
static void read_xmpp(struct connection *connection, const char *at, const char *end) {
    char text[512];
    uint32_t number = (uint32_t)(connection - connections);
    if (connection->state == LIVE) {
        const char *body = memmem(at, (size_t)(end - at), "<body>", 6);
        if (contains(at, end, "type='error'")) {
            counters.errors++;
            log_error("server", at, (size_t)(end - at));
        } else if (body != NULL && body[6] == message_mark) {
            snprintf(text, sizeof text, "/n%u'", number);
            if (contains(at, body, text)) counters.acks++;
            deliver(body + 6, end);
        }
    } else if (contains(at, end, "<stream:features")) {
        const char *next = contains(at, end, "<mechanism>") ? "<auth xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\" mechanism=\"ANONYMOUS\"/>"
                           : "<iq type=\"set\" id=\"b\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/></iq>";
        queue_frame(connection, 1, next, strlen(next));
    } else if (contains(at, end, "<success")) queue_frame(connection, 1, XMPP_OPEN, sizeof XMPP_OPEN - 1);
    else if (contains(at, end, "<bind")) {
        int length = snprintf(text, sizeof text, "<presence to=\"%s@conference." XMPP_DOMAIN "/n%u\"><x xmlns=\"http://jabber.org/protocol/muc\">"
                              "<history maxstanzas=\"0\"/></x></presence>", groups[connection->group].conversation, number);
        connection->state = AUTHENTICATING;
        queue_frame(connection, 1, text, (size_t)length);
    } else if (contains(at, end, "<subject")) on_authenticated(connection);
    else if (contains(at, end, "error")) {
        log_error("server", at, (size_t)(end - at));
        close_connection(connection, "joining the room was rejected");
    }
}
/* Handles an object or a JSON array of objects, by each known `"type"`. */
static void read_payload(struct connection *connection, const char *at, const char *end) {
    static const char needle[] = "\"type\":\"";
    int batched = at < end && *at == '[';
    if (xmpp) return read_xmpp(connection, at, end);
    if (socket_io && read_socket_io(connection, at, (size_t)(end - at))) return;
    while ((at = memmem(at, (size_t)(end - at), needle, sizeof needle - 1)) != NULL) {
        const char *type = at + sizeof needle - 1;
        size_t left = (size_t)(end - type);
        at = type;
        if (left > 16 && memcmp(type, "message.created\"", 16) == 0) {
            const char *mark = memchr(type, message_mark, left);
            if (mark == NULL) continue;
            deliver(mark, end);
            at = mark;
        } else if (left > 3 && memcmp(type, "ok\"", 3) == 0) counters.acks++;
        else if (left > 6 && memcmp(type, "error\"", 6) == 0) {
            counters.errors++;
            refuse(type, end);
            log_error("error reply", type, left);
        } else if (left > 6 && memcmp(type, "hello\"", 6) == 0) {
            if (connection->state == UPGRADED) authenticate(connection);
        } else if (left > 6 && memcmp(type, "ready\"", 6) == 0) {
            if (connection->state == AUTHENTICATING) on_authenticated(connection);
        } else if (left > 8 && (memcmp(type, "goodbye\"", 8) == 0 || memcmp(type, "lagged\"", 7) == 0)) {
            counters.errors++;
            log_error("server", type, left);
        } else continue;
        if (!batched) return;
    }
}
/* Handles complete frames; returns the number of bytes consumed. */
static size_t read_frames(struct connection *connection, const char *bytes, size_t length) {
    size_t at = 0;
    while (length - at >= 2 && connection->state != CLOSED) {
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
        case 0x81: read_payload(connection, payload, payload + size); break;
        case 0x89: queue_frame(connection, 10, payload, size); break;
        case 0x8a: break;
        case 0x88: {
            char why[64];
            snprintf(why, sizeof why, "close code %d", size >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 0);
            close_connection(connection, why);
            break;
        }
        default: close_connection(connection, "unexpected frame");
        }
        at += header + size;
    }
    return at;
}
static size_t read_upgrade(struct connection *connection, const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (strncmp(bytes, "HTTP/1.1 101", 12) != 0 || memmem(bytes, length, ACCEPT, sizeof ACCEPT - 1) == NULL) {
        log_error("upgrade rejected", bytes, length);
        close_connection(connection, "upgrade");
        return length;
    }
    if (connection->token == NULL && !socket_io && !xmpp) on_authenticated(connection);
    else connection->state = UPGRADED;
    if (xmpp) queue_frame(connection, 1, XMPP_OPEN, sizeof XMPP_OPEN - 1);
    return (size_t)(end - bytes) + 4;
}
static void on_readable(struct connection *connection) {
    size_t buffered = connection->in_length;
    if (buffered) memcpy(receive_buffer, connection->in, buffered);
    ssize_t received = recv(connection->fd, receive_buffer + buffered, IN_BYTES - buffered, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return close_connection(connection, received == 0 ? "end of stream" : strerror(errno));
    now_ns = clock_ns();
    counters.bytes += (uint64_t)received;
    size_t length = buffered + (size_t)received, used = 0;
    if (connection->state == UPGRADING) used = read_upgrade(connection, receive_buffer, length);
    if (connection->state > UPGRADING) used += read_frames(connection, receive_buffer + used, length - used);
    if (connection->state == CLOSED) return;
    size_t rest = length - used;
    if (rest == IN_BYTES) return close_connection(connection, "frame exceeds the receive buffer");
    if (rest) connection->in = realloc(connection->in, rest), memcpy(connection->in, receive_buffer + used, rest);
    else if (buffered) free(connection->in), connection->in = NULL;
    connection->in_length = rest;
}

/* --- connecting --- */
static void start_connecting(struct connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(connection->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) die(errno == EMFILE ? "open file limit reached" : "socket");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) die("connect");
    connection->state = CONNECTING;
    connecting_count++;
    watch(connection, EPOLLOUT, EPOLL_CTL_ADD);
}
static void on_connected(struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return close_connection(connection, strerror(error));
    const char *room = !room_in_query ? "" : strchr(path, '?') ? "&room=" : "?room=";
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s%s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: %s\r\n\r\n",
                          path, room, room_in_query ? groups[connection->group].conversation : "", connection->port,
                          xmpp ? "xmpp" : "convene.v1.json");
    connection->state = UPGRADING;
    watch(connection, EPOLLIN, EPOLL_CTL_MOD);
    queue_bytes(connection, request, (size_t)length);
}

/* --- the slice --- */
static void begin_slice(double seconds, int flight, double rate, size_t bytes) {
    memset(&counters, 0, sizeof counters);
    memset(buckets, 0, sizeof buckets);
    active = 1, draining = 0, in_flight = flight;
    content_bytes = bytes < 9 ? 9 : bytes > 4000 ? 4000 : bytes;
    slice_started_ns = last_delivery_ns = next_due_ns = clock_ns();
    slice_ends_ns = slice_started_ns + (uint64_t)(seconds * 1e9);
    interval_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    if (interval_ns == 0)
        for (uint32_t i = 0; i < group_count; i++)
            for (int k = 0; k < flight; k++) send_message(i, clock_ns());
}
static void end_slice(double cpu_before) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i].remaining == 0) continue;
        counters.missing += slots[i].remaining;
        slots[i].remaining = 0;
        free_slots[free_count++] = i;
    }
    active = 0;
    uint64_t n = counters.deliveries;
    uint64_t duration_ns = last_delivery_ns > slice_ends_ns ? last_delivery_ns - slice_started_ns : slice_ends_ns - slice_started_ns;
    printf("{\"event\":\"slice\",\"seconds\":%.6f,\"messages\":%llu,\"deliveries\":%llu,\"acks\":%llu,\"errors\":%llu,\"refused\":%llu,"
           "\"strays\":%llu,\"missing\":%llu,\"unsent\":%llu,\"lost_connections\":%u,\"bytes\":%llu,\"cpu_s\":%.6f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,\"lag_max_ms\":%.3f}\n",
           (double)duration_ns / 1e9, (unsigned long long)counters.messages, (unsigned long long)n, (unsigned long long)counters.acks,
           (unsigned long long)counters.errors, (unsigned long long)counters.refused, (unsigned long long)counters.strays, (unsigned long long)counters.missing,
           (unsigned long long)counters.unsent, closed_count, (unsigned long long)counters.bytes, cpu_seconds() - cpu_before,
           percentile_ms(0.5, n), percentile_ms(0.99, n), percentile_ms(0.999, n), percentile_ms(1.0, n),
           (double)counters.lag_max_ns / 1e6);
    fflush(stdout);
}
static void send_due_messages(uint64_t now) {
    while (interval_ns && !draining && next_due_ns <= now && next_due_ns < slice_ends_ns) {
        if (now - next_due_ns > counters.lag_max_ns) counters.lag_max_ns = now - next_due_ns;
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
        if (connection_count == room) connections = realloc(connections, (room = room ? room * 2 : 1024) * sizeof *connections);
        /* Members of a group are consecutive in the file, so only the last group can match. */
        if (group_count == 0 || strcmp(groups[group_count - 1].conversation, conversation) != 0) {
            if (group_count == group_room) groups = realloc(groups, (group_room = group_room ? group_room * 2 : 256) * sizeof *groups);
            groups[group_count++] = (struct group){.conversation = strdup(conversation)};
        }
        struct group *group = &groups[group_count - 1];
        group->members = realloc(group->members, (group->size + 1) * sizeof *group->members);
        group->members[group->size++] = connection_count;
        connections[connection_count++] = (struct connection){.fd = -1, .group = group_count - 1, .port = (uint16_t)port,
                                            .token = strcmp(token, "-") == 0 ? NULL : strdup(token)};
    }
    fclose(lines);
    if (connection_count == 0) errno = EINVAL, die("the member file is empty");
}

int main(int argc, char **argv) {
    double connect_rate = 400;
    const char *members = NULL;
    for (int option; (option = getopt(argc, argv, "m:p:c:k:rsx")) != -1;) switch (option) {
        case 'm': members = optarg; break;
        case 'p': path = optarg; break;
        case 'c': connect_rate = atof(optarg); break;
        case 'k': message_mark = optarg[0]; break;
        case 'r': room_in_query = 1; break; /* servers without accounts: the query names the room */
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
    started_ns = clock_ns(), random_state ^= started_ns;
    for (uint32_t i = 0; i < SLOTS; i++) free_slots[free_count++] = SLOTS - 1 - i;
    read_members(members);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event special = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &special);
    special.data.u32 = UINT32_MAX - 1;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &special);

    struct epoll_event events[EVENTS];
    uint32_t started = 0;
    int announced = 0;
    double cpu_before = 0, cpu_at_start = cpu_seconds();
    char command[256];
    for (;;) {
        uint64_t now = clock_ns();
        while (started < connection_count && connecting_count < HANDSHAKES_AT_ONCE && (double)started <= (double)(now - started_ns) / 1e9 * connect_rate)
            start_connecting(&connections[started++]);
        if (!announced && live_count + closed_count == connection_count) {
            announced = 1;
            printf("{\"event\":\"ready\",\"connections\":%u,\"groups\":%u,\"lost_connections\":%u,\"seconds\":%.3f,\"cpu_s\":%.3f}\n",
                   live_count, group_count, closed_count, (double)(now - started_ns) / 1e9, cpu_seconds() - cpu_at_start);
            fflush(stdout);
        }
        if (active) {
            if (!draining && now >= slice_ends_ns) draining = 1, drain_ends_ns = now + DRAIN_NS;
            send_due_messages(now);
            if (draining && ((free_count == SLOTS && counters.acks + counters.errors >= counters.messages) || now >= drain_ends_ns)) end_slice(cpu_before);
        }
        int timeout_ms = started < connection_count ? 1 : active ? 2 : -1;
        int ready = epoll_wait(epoll_fd, events, EVENTS, timeout_ms);
        for (int i = 0; i < ready; i++) {
            uint32_t index = events[i].data.u32;
            if (index == UINT32_MAX) {
                if (fgets(command, sizeof command, stdin) == NULL) return 0;
                double seconds, rate;
                int flight;
                size_t bytes;
                if (active || sscanf(command, "slice %lf %d %lf %zu", &seconds, &flight, &rate, &bytes) != 4) {
                    fprintf(stderr, "generator: invalid command: %s", command);
                    return 2;
                }
                cpu_before = cpu_seconds();
                begin_slice(seconds, flight, rate, bytes);
            } else if (index == UINT32_MAX - 1) {
                uint64_t ticks;
                if (read(timer_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer");
            } else {
                struct connection *connection = &connections[index];
                if (connection->state == CONNECTING) on_connected(connection);
                else if (connection->state != CLOSED) {
                    if (events[i].events & EPOLLOUT) flush_queue(connection);
                    if (connection->state != CLOSED && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(connection);
                }
            }
        }
    }
}
