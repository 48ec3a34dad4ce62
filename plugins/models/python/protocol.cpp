#include "protocol.hpp"

#include <spar/error.hpp>
#include <spar/json.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>

namespace python {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int glance = 100;        // milliseconds between looks whether the child lives
constexpr int time_to_tell = 500;  // milliseconds for what a stuck child says about its place

const char *name_of(Task task) {
    switch (task) {
        case Task::try_out:
        case Task::setup:
            return "the first trial";
        case Task::forward:
            return "the forward pass";
        case Task::backward:
            return "the backward pass";
        case Task::embed:
            return "the embedding";
        case Task::accumulate:
            return "the embedding's gradient";
    }
    return "a call";
}

}  // namespace

Channel::Channel(int socket, Process &process, std::string who, double patience)
    : socket_(socket), process_(process), who_(std::move(who)), patience_(patience) {}

Channel::~Channel() {
    close();
}

void Channel::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

Answer Channel::ask(Request request, const std::string &text) {
    request.text = static_cast<std::uint32_t>(text.size());
    send(&request, sizeof request);
    send(text.data(), text.size());
    return hear(name_of(request.task));
}

Answer Channel::hear(const char *what) {
    Reply reply;
    receive(&reply, sizeof reply, what);
    Answer answer{reply.value, std::string(reply.text, '\0')};
    receive(answer.text.data(), answer.text.size(), what);
    process_.listen();
    if (reply.status == 0) return answer;
    throw spar::invalid(who_ + ", " + what + ": " + answer.text, "/call");
}

/// Whether the child still lives is seen when the answer is awaited.
void Channel::send(const void *bytes, std::size_t size) {
    const auto *at = static_cast<const char *>(bytes);
    while (size > 0) {
        const ssize_t count = ::send(socket_, at, size, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        at += count;
        size -= static_cast<std::size_t>(count);
    }
}

void Channel::receive(void *bytes, std::size_t size, const char *what) {
    auto *at = static_cast<char *>(bytes);
    const auto end = Clock::now() + std::chrono::duration<double>(patience_);
    bool hears = true;  // until the child closes its output
    while (size > 0) {
        pollfd both[] = {{socket_, POLLIN, 0}, {hears ? process_.output() : -1, POLLIN, 0}};
        const bool silent = ::poll(both, 2, glance) <= 0;
        if ((both[1].revents & POLLIN) != 0) process_.listen();
        if ((both[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            const ssize_t count = ::recv(socket_, at, size, MSG_DONTWAIT);
            if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) lost(what);
            if (count > 0) {
                at += count;
                size -= static_cast<std::size_t>(count);
            }
            continue;
        }
        if ((both[1].revents & (POLLHUP | POLLERR)) != 0) hears = false;
        // A child of the child may hold the socket open.
        if ((silent || !hears) && !process_.running()) lost(what);
        if (Clock::now() >= end) late(what);
    }
}

void Channel::lost(const char *what) {
    process_.end(time_to_tell);
    process_.listen();
    const std::string words = process_.last_words();
    const bool killed = process_.killed();
    throw spar::Error(
        killed ? SPAR_E_MEMORY : SPAR_E_INTERNAL,
        who_ + ", " + what + ": its process " + process_.ending() +
            (words.empty() ? ", without a word" : "; its last words: " + words) +
            (killed ? ". The kernel kills like this when memory is short: try smaller batches"
                    : ". Call it from Python by itself to see why"),
        "/call");
}

void Channel::late(const char *what) {
    process_.ask_where();
    pollfd output{process_.output(), POLLIN, 0};
    while (::poll(&output, 1, time_to_tell) > 0 && (output.revents & POLLIN) != 0)
        process_.listen();
    const std::string words = process_.last_words();
    process_.end(0);
    throw spar::Error(SPAR_E_INTERNAL,
                      who_ + ", " + what + ": no answer within " + spar::json_number(patience_) +
                          " seconds" + (words.empty() ? "" : "; its last words: " + words) +
                          ". If it needs more time, raise \"timeout\"",
                      "/timeout");
}

}  // namespace python
