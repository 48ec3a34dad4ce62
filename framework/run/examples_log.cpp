#include "run/examples_log.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace spar::host {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");
static_assert(std::is_trivially_copyable_v<ExampleResult>);

constexpr std::string_view magic = "SPARLOG1";
enum : std::uint32_t { header_record = 1, example_record = 2, stages_record = 3 };

/// Precedes every record: the length that follows and its CRC-32; then the sizes of the parts.
struct Frame {
    std::uint32_t length, sum;
};
struct Parts {
    std::uint32_t type, fixed, text;  // bytes of columns and of JSON; the rest are floats
};

constexpr std::uint32_t most_text = 1U << 24;

std::uint32_t sum_of(const char *bytes, std::size_t size) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const unsigned char *>(bytes), size));
}

/// Reads exactly `size` bytes; false at the end of the file.
bool read_at(int file, std::int64_t place, char *to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = ::pread(file, to, size, place);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        place += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

struct Record {
    Parts parts{};
    std::string body;  // excluding the parts
    std::int64_t end = 0;

    Json text() const { return Json::parse(body.substr(parts.fixed, parts.text), nullptr, false); }
};

/// The record at `place`; none if the file ends or the checksum does not match.
std::optional<Record> record_at(int file, std::int64_t place, std::uint64_t longest) {
    Frame frame{};
    Record record;
    if (!read_at(file, place, reinterpret_cast<char *>(&frame), sizeof frame) ||
        frame.length < sizeof record.parts || frame.length > longest)
        return std::nullopt;
    std::string bytes(frame.length, '\0');
    if (!read_at(file, place + static_cast<std::int64_t>(sizeof frame), bytes.data(),
                 bytes.size()) ||
        sum_of(bytes.data(), bytes.size()) != frame.sum)
        return std::nullopt;
    std::memcpy(&record.parts, bytes.data(), sizeof record.parts);
    record.body = bytes.substr(sizeof record.parts);
    record.end = place + static_cast<std::int64_t>(sizeof frame + frame.length);
    if (std::uint64_t{record.parts.fixed} + record.parts.text > record.body.size())
        return std::nullopt;
    return record;
}

std::optional<Record> header_record_of(int file) {
    char start[magic.size()];
    if (!read_at(file, 0, start, sizeof start) || std::string_view(start, sizeof start) != magic)
        return std::nullopt;
    auto record = record_at(file, magic.size(), most_text);
    return record && record->parts.type == header_record ? record : std::nullopt;
}

}  // namespace

ExamplesLog::ExamplesLog(std::filesystem::path path, const Json &header, std::int64_t width)
    : path_(std::move(path)),
      width_(width),
      file_(::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666)) {
    try {
        if (file_ < 0)
            throw Failure(Exit::storage, fmt::format("{}: cannot open the file: {}", path_.string(),
                                                     std::strerror(errno)));
        load(header);
    } catch (...) {
        if (file_ >= 0) ::close(file_);
        throw;
    }
}

ExamplesLog::~ExamplesLog() {
    ::close(file_);
}

Json ExamplesLog::header_of(const std::filesystem::path &path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return {};
    const auto record = header_record_of(file);
    ::close(file);
    const Json json = record ? record->text() : Json();
    return json.is_discarded() ? Json() : json;
}

void ExamplesLog::load(const Json &header) {
    if (const auto first = header_record_of(file_); first && first->text() == header) {
        size_ = first->end;
        const std::uint64_t longest =
            most_text + sizeof(ExampleResult) + static_cast<std::uint64_t>(width_) * sizeof(float);
        while (auto record = record_at(file_, size_, longest)) {
            const std::size_t floats =
                record->body.size() - record->parts.fixed - record->parts.text;
            size_ = record->end;
            if (record->parts.type == stages_record) load_stages(record->text());
            // Skips other types, from later versions.
            if (record->parts.type != example_record) continue;
            Entry entry;
            std::memcpy(&entry.result, record->body.data(),
                        std::min<std::size_t>(sizeof entry.result, record->parts.fixed));
            entry.place = record->end - static_cast<std::int64_t>(floats);
            entry.text_bytes = record->parts.text;
            keep(entry);
        }
    }
    if (::ftruncate(file_, size_) != 0)
        throw Failure(Exit::storage, fmt::format("{}: cannot shorten the file: {}", path_.string(),
                                                 std::strerror(errno)));
    if (size_ > 0) return;
    waiting_ = magic;
    add_record(header_record, {}, header.dump(), {});
    write();
    sync();
    sync_folder(std::filesystem::absolute(path_).parent_path());
}

void ExamplesLog::load_stages(const Json &text) {
    if (!text.is_object() || !text.contains("attack") || !text.contains("stages")) return;
    std::vector<std::string> &names = stages_[text["attack"].get<std::int64_t>()];
    names = text["stages"].get<std::vector<std::string>>();
}

const std::vector<std::string> &ExamplesLog::stages_of(std::int64_t attack) const {
    static const std::vector<std::string> none;
    const auto found = stages_.find(attack);
    return found != stages_.end() ? found->second : none;
}

void ExamplesLog::note_stages(std::int64_t attack, const std::vector<std::string> &names) {
    std::vector<std::string> &known = stages_[attack];
    if (names.size() <= known.size()) return;
    known = names;
    const Json text = {{"attack", attack}, {"stages", names}};
    add_record(stages_record, {}, text.dump(-1, ' ', false, Json::error_handler_t::replace), {});
}

void ExamplesLog::keep(const Entry &entry) {
    const auto list = static_cast<std::size_t>(entry.result.attack + 1);
    const auto row = static_cast<std::size_t>(entry.result.row);
    constexpr std::size_t most = 1U << 28;  // a damaged record cannot exhaust memory
    if (list > most || row > most) return;
    if (entries_.size() <= list) entries_.resize(list + 1);
    if (entries_[list].size() <= row) entries_[list].resize(row + 1);
    entries_[list][row] = entry;
}

const ExampleResult *ExamplesLog::find(std::int64_t attack, std::int64_t row) const {
    const auto list = static_cast<std::size_t>(attack + 1), at = static_cast<std::size_t>(row);
    if (list >= entries_.size() || at >= entries_[list].size() || !entries_[list][at])
        return nullptr;
    return &entries_[list][at]->result;
}

std::int64_t ExamplesLog::place_of(std::int64_t attack, std::int64_t row) const {
    return entries_[static_cast<std::size_t>(attack + 1)][static_cast<std::size_t>(row)]->place;
}

void ExamplesLog::add_record(std::uint32_t type, std::span<const std::byte> fixed,
                             const std::string &text, std::span<const float> values) {
    const Parts parts{type, static_cast<std::uint32_t>(fixed.size()),
                      static_cast<std::uint32_t>(text.size())};
    const std::size_t begin = waiting_.size();
    const auto put = [&](const void *bytes, std::size_t size) {
        waiting_.append(static_cast<const char *>(bytes), size);
    };
    Frame frame{
        static_cast<std::uint32_t>(sizeof parts + fixed.size() + text.size() + values.size_bytes()),
        0};
    put(&frame, sizeof frame);
    put(&parts, sizeof parts);
    put(fixed.data(), fixed.size());
    put(text.data(), text.size());
    put(values.data(), values.size_bytes());
    frame.sum = sum_of(waiting_.data() + begin + sizeof frame, frame.length);
    std::memcpy(waiting_.data() + begin, &frame, sizeof frame);
}

void ExamplesLog::append(const ExampleResult &result, std::span<const float> values,
                         const std::string &text) {
    if (text.size() > most_text)
        throw Failure(Exit::storage, path_.string() + ": an attacked text is too long to be kept");
    const auto width = static_cast<std::size_t>(width_);
    if (width == 0) values = {};
    std::vector<float> padded;
    if (!values.empty() && values.size() < width) {
        padded.assign(values.begin(), values.end());
        padded.resize(width);
        values = padded;
    }
    add_record(example_record, std::as_bytes(std::span(&result, 1)), text, values);
    keep({result, size_ + static_cast<std::int64_t>(waiting_.size() - values.size_bytes()),
          std::ssize(text)});
}

Json ExamplesLog::text_of(std::int64_t attack, std::int64_t row) const {
    if (find(attack, row) == nullptr) return {};
    const Entry &entry =
        *entries_[static_cast<std::size_t>(attack + 1)][static_cast<std::size_t>(row)];
    std::string text(static_cast<std::size_t>(entry.text_bytes), '\0');
    if (!read_at(file_, entry.place - entry.text_bytes, text.data(), text.size()))
        throw Failure(Exit::storage, path_.string() + ": cannot be read");
    return text.empty() ? Json() : Json::parse(text, nullptr, false);
}

void ExamplesLog::write() {
    std::size_t done = 0;
    while (done < waiting_.size()) {
        const ssize_t written = ::pwrite(file_, waiting_.data() + done, waiting_.size() - done,
                                         size_ + static_cast<std::int64_t>(done));
        if (written > 0) done += static_cast<std::size_t>(written);
        if (written >= 0 || errno == EINTR) continue;
        const int error = errno;
        (void)!::ftruncate(file_, size_);
        throw Failure(
            Exit::storage,
            fmt::format("{}: cannot write the file: {}; what it holds so far is kept, and "
                        "--resume goes on from there",
                        path_.string(), std::strerror(error)));
    }
    size_ += static_cast<std::int64_t>(waiting_.size());
    waiting_.clear();
}

void ExamplesLog::sync() const {
    while (::fdatasync(file_) != 0)
        if (errno != EINTR)
            throw Failure(Exit::storage, fmt::format("{}: cannot store the file: {}",
                                                     path_.string(), std::strerror(errno)));
}

void ExamplesLog::read(std::int64_t place, std::span<float> values) const {
    if (!read_at(file_, place, reinterpret_cast<char *>(values.data()), values.size_bytes()))
        throw Failure(Exit::storage, path_.string() + ": cannot be read");
}

}  // namespace spar::host
