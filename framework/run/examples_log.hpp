// What an evaluation has found so far, example by example: one file that only grows, so that a run
// that was stopped or killed goes on behind the last example that it holds. docs/run-folder.md
// describes the format.
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

/// What one attack, or none, gave on one example. Stands in the file as it is here; it grows at its
/// end only, and what an older file does not have keeps its default.
struct ExampleResult {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::int64_t attack = -1;  /// its place among the attacks; -1: the clean input
    std::int64_t row = 0;      /// among the evaluated examples
    std::int64_t index = 0;    /// in the dataset
    std::int64_t label = -1;   /// -1: values
    std::int64_t target = -1;  /// class aimed at; -1: none
    std::int64_t broken = 0;   /// 1: wrong there, or with a target the class aimed at
    double distance = unknown, loss = unknown;
    std::int64_t forward = 0, gradient = 0;        /// queries
    double seconds = 0;                            /// its share of its batch
    std::int64_t zero_gradient = 0;                /// 1: its first gradient was exactly zero
    double squares = 0, sum = 0, sum_squares = 0;  /// of values: see Fit
    std::int64_t values = 0;
    std::int64_t marginal = 0;  /// 1: at the goal, but by too small a lead to count as broken
    std::int64_t stage = 0;  /// of the attack, from 1: which broke it, or the last it withstood; 0:
                             /// not told
    char stage_name[32] = {};  /// ends with a zero
};

class ExamplesLog {
  public:
    /// Opens the file, or begins it. What another header stands over is not gone on with; a tail
    /// that is torn or damaged is cut off. `width`: floats of an example; 0: none are kept. Throws
    /// Failure(Exit::storage).
    ExamplesLog(std::filesystem::path path, const Json &header, std::int64_t width);
    ~ExamplesLog();
    ExamplesLog(const ExamplesLog &) = delete;
    ExamplesLog &operator=(const ExamplesLog &) = delete;

    /// The header of a file; null where there is none that can be read.
    static Json header_of(const std::filesystem::path &path);

    /// Null where the file does not hold it.
    const ExampleResult *find(std::int64_t attack, std::int64_t row) const;
    /// Where its floats stand in the file; it must hold it.
    std::int64_t place_of(std::int64_t attack, std::int64_t row) const;

    /// The stages that an attack has gone through so far, in their order.
    const std::vector<std::string> &stages_of(std::int64_t attack) const;
    /// Remembers them for the next write(), where there are more than before.
    void note_stages(std::int64_t attack, const std::vector<std::string> &names);

    /// Remembers a result with its floats (none, or `width`) for the next write().
    void append(const ExampleResult &result, std::span<const float> values);
    /// Gives what was appended to the system: a killed process loses none of it. Throws
    /// Failure(Exit::storage); then the file ends where it did before.
    void write();
    /// Waits until the disk has it. [thread-safe]
    void sync() const;
    /// The floats that stand at `place`. [thread-safe] Throws Failure(Exit::storage).
    void read(std::int64_t place, std::span<float> values) const;

    const std::filesystem::path &path() const { return path_; }

  private:
    struct Entry {
        ExampleResult result;
        std::int64_t place = 0;
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
