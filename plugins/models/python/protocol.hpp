// What is said between the plugin and its child, over one socket. Arrays are in shared memory, see
// layout.hpp; runner.py is the other side.
#pragma once

#include "process.hpp"

#include <cstdint>
#include <string>

namespace python {

/// `try_out` and `setup` run the net on two made-up examples; `setup` also shares its parameters.
enum class Task : std::uint32_t {
    try_out = 0,
    setup = 1,
    forward = 2,
    backward = 3,
    embed = 4,
    accumulate = 5
};

/// Bits of Request::flags.
enum : std::uint32_t {
    training = 1,       // mode
    at_input = 2,       // the gradient at the input is wanted, now or through the tape
    at_parameters = 4,  // those of the parameters are
    stale = 8,          // the host has written parameters
    learns = 16,        // forward: buffers may change for good
    keep_tape = 32,     // backward: the tape is used again
};

/// Followed by `text` bytes of text.
struct Request {
    Task task{};
    std::uint32_t text = 0;
    std::uint32_t flags = 0;
    std::int32_t slot = 0;
    std::int64_t rows = 0;
    std::int64_t room = 0;  // rows for which the slot's memory is laid out
    std::uint64_t key = 0;
};
static_assert(sizeof(Request) == 40);

/// Followed by `text` bytes: what went wrong if `status` is not 0, otherwise the answer.
struct Reply {
    std::uint32_t status = 0;
    std::uint32_t text = 0;
    std::int64_t value = 0;
};
static_assert(sizeof(Reply) == 16);

struct Answer {
    std::int64_t value = 0;
    std::string text;
};

/// Our end of the socket, and the child at the other. Every failure names `who` and how to go on.
class Channel {
  public:
    /// Takes over the socket. A call may take `patience` seconds.
    Channel(int socket, Process &process, std::string who, double patience);
    ~Channel();
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    Answer ask(Request request, const std::string &text = "");
    /// The answer to what was not asked: that the child has read the user's file.
    Answer hear(const char *what);
    /// Says to the child that there is nothing more.
    void close();

  private:
    void send(const void *bytes, std::size_t size);
    void receive(void *bytes, std::size_t size, const char *what);
    [[noreturn]] void lost(const char *what);
    [[noreturn]] void late(const char *what);

    int socket_;
    Process &process_;
    std::string who_;
    double patience_;
};

}  // namespace python
