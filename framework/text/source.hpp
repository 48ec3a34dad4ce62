// The text of a pipeline made whole: the files it extends, the settings of the command line and its
// variables put in, and for every value the place it came from.
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
    std::string path;   // "train.epochs"
    std::string value;  // a JSON value, else text
};

/// Where a value was written.
struct Origin {
    std::filesystem::path folder;  // what relative paths in it are relative to
    std::string label;             // the file's name, or the option of the command line
};

/// Origins by JSON pointer. A value without one of its own has that of the value it stands in.
class Origins {
  public:
    explicit Origins(Origin whole) : whole_(std::make_shared<const Origin>(std::move(whole))) {}

    const Origin &at(const std::string &pointer) const { return *shared(pointer); }
    /// The value at `pointer`, with all that stands in it, comes from there.
    void set(const std::string &pointer, std::shared_ptr<const Origin> origin);
    std::shared_ptr<const Origin> shared(const std::string &pointer) const;
    /// The value at `pointer` is the one that stood at `other_pointer` among other origins.
    void copy(const std::string &pointer, const Origins &other, const std::string &other_pointer);

  private:
    std::shared_ptr<const Origin> whole_;
    std::map<std::string, std::shared_ptr<const Origin>> own_;
};

struct Source {
    Json root;
    Origins origins;
    std::vector<Problem> warnings{};  // what stops nothing, but its author will want to know;
                                      // places without a file
};

/// Reads a file and what it extends, without variables put in.
Source read_source(const std::filesystem::path &file);

/// The same for a text that `origin` tells of.
Source parse_source(std::string_view text, const Origin &origin);

/// Puts the command line's settings in. Null removes a value.
void apply_settings(Source &source, const std::vector<Setting> &settings);

/// Puts the values of "vars" and of the environment in, and takes "vars" away.
///
/// A text that is exactly "${name}" becomes the variable's value, whatever its type; elsewhere in a
/// text ${name} is replaced by the value's text. ${env:NAME} is a variable of the environment, and
/// $${ stands for ${. A text that begins with a variable is relative to where the variable was
/// written. ${secret:NAME} is one of the environment whose value is kept secret (secrets.hpp).
/// Undefined variables are errors, unused ones get a warning.
void substitute_variables(Source &source);

}  // namespace spar::host
