#include "child.hpp"

#include <spar/error.hpp>

#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace python {
namespace {

constexpr int time_to_end = 2000;  // milliseconds
/// Reads the runner from a file that is inherited, so that lists of processes stay short.
constexpr const char *reads_runner =
    "import sys; exec(compile(open(int(sys.argv.pop(1)), 'rb').read(), '<string>', 'exec'))";

}  // namespace

Child::Child(const Start &start, Process::Line line)
    : who_(start.file.substr(start.file.rfind('/') + 1) + ":" + start.name) {
    const std::string program = find_program(start.interpreter);
    if (program.empty())
        throw spar::invalid("there is no program \"" + start.interpreter +
                                "\" that can be run; give the Python that has the net's libraries, "
                                "as \"/usr/bin/python3\" or \".venv/bin/python\"",
                            "/interpreter");
    if (::access(start.file.c_str(), R_OK) != 0)
        throw spar::invalid("the file " + start.file + " cannot be read: " + std::strerror(errno),
                            "/call");
    const std::size_t size = std::strlen(runner_text);
    SharedMemory runner("spar runner");
    runner.grow(size);
    std::memcpy(runner.data(), runner_text, size);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw spar::Error(SPAR_E_INTERNAL, std::string("no socket: ") + std::strerror(errno));
    std::vector<int> files{ends[1], runner.file(), parameters_.file()};
    std::string numbers = "files=" + std::to_string(parameters_.file());
    for (auto &slot : slots_) {
        slot = std::make_unique<Slot>("spar tape");
        files.push_back(slot->file());
        numbers += "," + std::to_string(slot->file());
    }
    std::vector<std::string> words{
        program, "-u", "-c", reads_runner, std::to_string(runner.file()), start.file, start.name};
    words.insert(words.end(), start.options.begin(), start.options.end());
    words.push_back(numbers);
    words.push_back("socket=" + std::to_string(ends[1]));
    try {
        process_ = std::make_unique<Process>(words, files, std::move(line));
    } catch (...) {
        ::close(ends[0]);
        ::close(ends[1]);
        throw;
    }
    ::close(ends[1]);
    channel_ = std::make_unique<Channel>(ends[0], *process_, who_, start.patience);
    made_with_ = channel_->hear("reading it").text;
}

Child::~Child() {
    end();
}

void Child::end() {
    channel_->close();
    process_->end(time_to_end);
    process_->listen();
}

}  // namespace python
