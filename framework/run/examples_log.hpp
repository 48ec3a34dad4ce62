// What an evaluation has found so far, example by example: an append-only file, so that a run that
// was stopped or killed continues after the last example in it. docs/run-folder.md describes the
// format.
#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

/// The result of one attack, or of none, on one example. The file contains it with this layout; it
/// grows at its end only, and fields missing in an older file keep their defaults.
struct ExampleResult {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::int64_t attack = -1;  /// index of the attack; -1: the clean input
    std::int64_t row = 0;      /// index among the evaluated examples
    std::int64_t index = 0;    /// index in the dataset
    std::int64_t label = -1;   /// -1: values
    std::int64_t target = -1;  /// target class; -1: none
    std::int64_t broken = 0;   /// 1: misclassified, or with a target classified as it
    double distance = unknown, loss = unknown;
    std::int64_t forward = 0, gradient = 0;        /// queries
    double seconds = 0;                            /// its share of the batch's time
    std::int64_t zero_gradient = 0;                /// 1: its first gradient was exactly zero
    double squares = 0, sum = 0, sum_squares = 0;  /// of values: see Fit
    std::int64_t values = 0;
    std::int64_t marginal = 0;  /// 1: at the goal, but by a lead too small to count as broken
    std::int64_t stage = 0;     /// of the attack, from 1: the one that broke it, or the last
                                /// withstood; 0: unknown
    char stage_name[32] = {};   /// zero-terminated
};

class ExamplesLog {
  public:
    /// Opens or creates the file. One with a different header is begun anew; an incomplete or
    /// damaged tail is cut off. `width`: floats per example; 0: none are kept. Throws
    /// Failure(Exit::storage).
    ExamplesLog(std::filesystem::path path, const Json &header, std::int64_t width);
    ~ExamplesLog();
    ExamplesLog(const ExamplesLog &) = delete;
    ExamplesLog &operator=(const ExamplesLog &) = delete;

    /// The header of a file; null if it has none that can be read.
    static Json header_of(const std::filesystem::path &path);

    /// Null if the file does not contain it.
    const ExampleResult *find(std::int64_t attack, std::int64_t row) const;
    /// The place of its floats in the file, which must contain it.
    std::int64_t place_of(std::int64_t attack, std::int64_t row) const;

    /// The stages that an attack has gone through so far, in order.
    const std::vector<std::string> &stages_of(std::int64_t attack) const;
    /// Queues them for the next write() if there are more than before.
    void note_stages(std::int64_t attack, const std::vector<std::string> &names);

    /// The JSON of a result that the file contains; null if it has none. Throws
    /// Failure(Exit::storage).
    Json text_of(std::int64_t attack, std::int64_t row) const;

    /// Queues a result with its floats (none, or `width`; fewer are followed by zeros, which are
    /// the vectors of padding) for the next write(). `text` is JSON, or empty.
    void append(const ExampleResult &result, std::span<const float> values,
                const std::string &text = {});
    /// Passes the queued records to the system, so that a kill loses none of them. Throws
    /// Failure(Exit::storage); the file then ends where it did before.
    void write();
    /// Waits until everything written is on disk. [thread-safe]
    void sync() const;
    /// The floats at `place`. [thread-safe] Throws Failure(Exit::storage).
    void read(std::int64_t place, std::span<float> values) const;

    const std::filesystem::path &path() const { return path_; }

  private:
    struct Entry {
        ExampleResult result;
        std::int64_t place = 0;       // of the floats
        std::int64_t text_bytes = 0;  // before them
    };
    void load(const Json &header);
    void load_stages(const Json &text);
    void keep(const Entry &entry);
    void add_record(std::uint32_t type, std::span<const std::byte> fixed, const std::string &text,
                    std::span<const float> values);

    std::filesystem::path path_;
    std::int64_t width_;
    int file_ = -1;
    std::int64_t size_ = 0;  // written
    std::string waiting_;
    std::vector<std::vector<std::optional<Entry>>> entries_;  // by attack + 1, row
    std::map<std::int64_t, std::vector<std::string>> stages_;
};

}  // namespace spar::host
