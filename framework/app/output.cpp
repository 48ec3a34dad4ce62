#include "app/output.hpp"

#include "app/terminal.hpp"
#include "base/failure.hpp"
#include "base/secrets.hpp"
#include "base/words.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace spar::host {
namespace {

/// Returns 0, or the error that stopped it.
int write_all(int stream, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(stream, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

/// Names of files that hold line ends or tabs.
std::vector<std::string> names;

/// What stopped print(), 0 as long as nothing did.
int output_error = 0;

}  // namespace

void keep_standard_streams() {
    // Opened the wrong way round, so that reading from output and writing to input still fail, as
    // they should.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
                std::abort();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // exceeding the file size limit is a failed write, and reported
                                    // as one
}

void print(std::string_view text) {
    if (output_error == 0)
        output_error = write_all(STDOUT_FILENO, printable(without_secrets(text)));
}

void keep_on_one_line(std::string_view name) {
    const bool more = name.find_first_not_of("\n\t\r ") != std::string_view::npos;
    if (more && name.find_first_of("\n\t") != std::string_view::npos) names.emplace_back(name);
}

std::string sayable(std::string_view text) {
    std::string said = without_secrets(text);
    for (const std::string &name : names) {
        const std::string shown = escaped(name, name.size());
        for (std::size_t at = 0; (at = said.find(name, at)) != std::string::npos;
             at += shown.size())
            said.replace(at, name.size(), shown);
    }
    return printable(said);
}

void mention(std::string_view text) {
    Console output(STDOUT_FILENO);
    output.say(sayable(text));
    output.finish();
}

void complain(std::string_view text) {
    terminal().standard_error().say("spar: " + sayable(text) + "\n");
    terminal().standard_error().finish();
}

int exit_code(int code) {
    if (output_error == 0 || output_error == EPIPE) return code;
    complain(std::string("standard output cannot be written: ") + std::strerror(output_error));
    return code != 0 ? code : static_cast<int>(Exit::storage);
}

int terminal_width() {
    winsize size{};
    if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

}  // namespace spar::host
