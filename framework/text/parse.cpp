#include "text/parse.hpp"

#include "base/problems.hpp"
#include "base/relaxed.hpp"
#include "base/words.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace spar::host {
namespace {

constexpr std::size_t most_problems = 100;
constexpr std::size_t most_members = 10000;  // per object; the library searches them linearly

/// "line:column" of a byte, both from 1, columns in characters.
std::string position(std::string_view text, std::size_t byte) {
    const std::string_view before = text.substr(0, std::min(byte, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::string_view rest = before.substr(before.rfind('\n') + 1);
    const auto column = std::count_if(rest.begin(), rest.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    return std::to_string(line) + ":" + std::to_string(std::max<std::ptrdiff_t>(column, 1));
}

/// The library's message without its number and its own position.
std::string reason(std::string text) {
    if (const auto start = text.find("] "); start != std::string::npos) text.erase(0, start + 2);
    if (text.starts_with("parse error"))
        if (const auto colon = text.find(": "); colon != std::string::npos)
            text.erase(0, colon + 2);
    return escaped(text, 300);
}

/// What is often meant by text that is not JSON.
std::string remedy(std::string_view text, std::size_t byte) {
    const std::string_view rest = text.substr(std::min(byte > 0 ? byte - 1 : 0, text.size()));
    if (rest.starts_with('\'')) return "; texts need double quotes";
    if (rest.starts_with('#')) return "; comments begin with //";
    for (const std::string_view word : {"True", "False", "None"})
        if (rest.starts_with(word)) return "; JSON writes true, false and null";
    if (rest.starts_with(',')) return "; is there a comma too many?";
    const bool letter = !rest.empty() && ((rest[0] >= 'a' && rest[0] <= 'z') ||
                                          (rest[0] >= 'A' && rest[0] <= 'Z') || rest[0] == '_');
    if (letter && text.find_first_of("{[") >= byte - 1)
        return "; expected JSON, a pipeline begins with \"{\"";
    return letter ? "; names and texts need double quotes" : "";
}

/// Builds the value from the parser's events, and detects what the finished value no longer shows.
class Builder {
  public:
    Builder(std::string_view text, const std::string &name) : text_(text), name_(name) {}

    Json take() {
        if (!problems_.empty()) throw PipelineError(std::move(problems_));
        return std::move(root_);
    }

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(std::int64_t value) { return put(value); }
    bool number_unsigned(std::uint64_t value) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            problem(here(), too_large(std::to_string(value)));
        return put(static_cast<std::int64_t>(value));
    }
    bool number_float(double value, const std::string &raw) {
        if (raw.find_first_of(".eE") == std::string::npos)
            problem(here(), too_large(raw));
        else if (!std::isfinite(value))
            problem(here(), too_wide(raw));
        else if (value == 0 && raw.find_first_of("123456789") < raw.find_first_of("eE"))
            problem(here(), "the number " + escaped(raw, 40) + " is too small for a double");
        return put(value);
    }
    bool string(std::string &value) { return put(std::move(value)); }
    bool binary(std::vector<std::uint8_t> &) { return false; }

    bool start_object(std::size_t) { return open(Json::object()); }
    bool start_array(std::size_t) { return open(Json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool key(std::string &name) {
        Level &level = levels_.back();
        level.name = name;
        if (!level.names.insert(name).second) problem(here(), "the key is given twice");
        if (level.names.size() <= most_members) return problems_.size() < most_problems;
        problem(here(), "an object has at most " + std::to_string(most_members) + " members");
        return false;
    }

    bool parse_error(std::size_t byte, const std::string &token,
                     const nlohmann::detail::exception &e) {
        if (e.id == 406)
            problem(here(), too_wide(token));
        else
            problem(name_ + ":" + position(text_, byte), reason(e.what()) + remedy(text_, byte));
        return false;
    }

  private:
    struct Level {
        Json *value;
        std::string name;                       // of the current member of an object
        std::unordered_set<std::string> names;  // of all its members
    };

    static std::string too_large(const std::string &raw) {
        return "the integer " + escaped(raw, 40) + " does not fit into 64 bits";
    }

    static std::string too_wide(const std::string &raw) {
        return "the number " + escaped(raw, 40) + " is too large for a double";
    }

    void problem(std::string place, std::string message) {
        problems_.push_back({std::move(place), std::move(message)});
    }

    /// The current place of the parser.
    std::string here() const {
        std::string pointer;
        for (const Level &level : levels_) {
            if (!level.value->is_array()) {
                pointer = child_pointer(pointer, level.name);
                continue;
            }
            const bool inside = &level != &levels_.back();  // of the last element
            pointer = child_pointer(pointer, level.value->size() - (inside ? 1 : 0));
        }
        return name_ + "#" + pointer;
    }

    Json *place(Json value) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Level &level = levels_.back();
        if (level.value->is_array()) {
            level.value->push_back(std::move(value));
            return &level.value->back();
        }
        auto &members = level.value->get_ref<Json::object_t &>();
        return &static_cast<Json::object_t::Container &>(members)
                    .emplace_back(level.name, std::move(value))
                    .second;
    }

    template <class T>
    bool put(T &&value) {
        place(Json(std::forward<T>(value)));
        return problems_.size() < most_problems;
    }

    bool open(Json value) {
        if (levels_.size() == deepest_nesting) {
            problem(name_, "nests deeper than " + std::to_string(deepest_nesting) + " levels");
            return false;
        }
        levels_.push_back({place(std::move(value)), {}, {}});
        return true;
    }

    bool close() {
        levels_.pop_back();
        return true;
    }

    std::string_view text_;
    const std::string &name_;
    Json root_;
    std::vector<Level> levels_;
    std::vector<Problem> problems_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string &name) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        throw PipelineError({{name, "is UTF-16; save it as UTF-8"}});
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
        throw PipelineError({{name, "is empty; expected a JSON value"}});
    const std::string plain = without_trailing_commas(text);
    Builder builder(plain, name);
    constexpr bool whole = true, ignore_comments = true;
    Json::sax_parse(plain.begin(), plain.end(), &builder, Json::input_format_t::json, whole,
                    ignore_comments);
    return builder.take();
}

namespace {

bool is_standard_input(const std::filesystem::path &file) {
    return file == standard_input || file == "/dev/stdin";
}

[[noreturn]] void unreadable(const std::string &name, int error) {
    throw PipelineError({{name, std::string("cannot be read: ") + std::strerror(error)}});
}

/// A file descriptor that closes itself.
struct Descriptor {
    int number;
    explicit Descriptor(int descriptor) : number(descriptor) {}
    ~Descriptor() { ::close(number); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
};

/// Everything there is to read, or enough to show that it is too much.
std::string read_all(int descriptor, const std::string &name) {
    std::string text;
    std::string block(1U << 16, '\0');
    while (text.size() <= largest_pipeline) {
        const ssize_t count = ::read(descriptor, block.data(), block.size());
        if (count == 0) return text;
        if (count > 0) {
            text.append(block, 0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd ready{descriptor, POLLIN, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            unreadable(name, errno);
        }
    }
    return text;
}

}  // namespace

std::string read_text(const std::filesystem::path &file) {
    const bool standard = is_standard_input(file);
    const std::string name = standard ? "standard input" : file.string();
    // A pipe without a writer is empty; do not wait for one.
    const Descriptor in(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                 : ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat about {};
    if (in.number < 0 || ::fstat(in.number, &about) != 0) unreadable(name, errno);
    if (S_ISDIR(about.st_mode)) throw PipelineError({{name, "is a folder; expected a JSON file"}});
    if (!standard && !S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode))
        throw PipelineError({{name, "is not a regular file"}});
    std::string text;
    if (!S_ISREG(about.st_mode) || static_cast<std::uintmax_t>(about.st_size) <= largest_pipeline)
        text = read_all(in.number, name);
    const std::uintmax_t size =
        std::max<std::uintmax_t>(text.size(), static_cast<std::uintmax_t>(about.st_size));
    if (size > largest_pipeline)
        throw PipelineError(
            {{name, "has " +
                        (S_ISREG(about.st_mode) ? std::to_string(size) : std::string("too many")) +
                        " bytes; a pipeline has at most 16 MiB"}});
    return text;
}

std::filesystem::path folder_of(const std::filesystem::path &file) {
    std::error_code error;
    if (file == standard_input || !std::filesystem::is_regular_file(file, error))
        return std::filesystem::current_path();
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file, error), error)
        .parent_path();
}

}  // namespace spar::host
