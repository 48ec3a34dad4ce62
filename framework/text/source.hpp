// The complete text of a pipeline, with the files it extends, the settings of the command line and
// its variables put in, and the origin of every value.
#pragma once

#include "base/json.hpp"
#include "base/problems.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace spar::host {

/// A change from the command line: --set train.epochs=3.
struct Setting {
    std::string path;         // "train.epochs"
    std::string value;        // a JSON value, otherwise text
    std::string option = {};  // that it comes from; empty: --set
};

/// Where a value was written.
struct Origin {
    std::filesystem::path folder;  // the base of relative paths in it
    std::string label;             // the file's name, or the option of the command line
};

/// Origins by JSON pointer. A value without its own origin has that of the value that contains it.
class Origins {
  public:
    explicit Origins(Origin whole) : whole_(std::make_shared<const Origin>(std::move(whole))) {}

    const Origin &at(const std::string &pointer) const { return *shared(pointer); }
    /// Sets the origin of the value at `pointer` and everything in it.
    void set(const std::string &pointer, std::shared_ptr<const Origin> origin);
    std::shared_ptr<const Origin> shared(const std::string &pointer) const;
    /// Copies the origins of the value at `other_pointer` in `other` to `pointer`.
    void copy(const std::string &pointer, const Origins &other, const std::string &other_pointer);

  private:
    std::shared_ptr<const Origin> whole_;
    std::map<std::string, std::shared_ptr<const Origin>> own_;
};

struct Source {
    Json root;
    Origins origins;
    std::vector<Problem> warnings{};  // what does not stop the run, but its author will want to
                                      // know; places without a file
};

/// Reads a file and the files it extends; variables are not replaced yet.
Source read_source(const std::filesystem::path &file);

/// The same for a text whose origin is `origin`.
Source parse_source(std::string_view text, const Origin &origin);

/// Applies the command line's settings. Null removes a value.
void apply_settings(Source &source, const std::vector<Setting> &settings);

/// Replaces variables by the values of "vars" and of the environment, and removes "vars".
///
/// A text that is exactly "${name}" becomes the variable's value, whatever its type; elsewhere in a
/// text ${name} is replaced by the value's text. ${env:NAME} is an environment variable, and $${
/// gives ${. A path that begins with a variable is relative to where the variable was written.
/// ${secret:NAME} is an environment variable whose value is kept secret (secrets.hpp). Undefined
/// variables are errors, unused ones get a warning.
void substitute_variables(Source &source);

}  // namespace spar::host
