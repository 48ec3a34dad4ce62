#include "base/problems.hpp"
#include "base/words.hpp"
#include "text/parse.hpp"
#include "text/source.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t deepest_chain = 16;
constexpr std::size_t most_files = 100;

[[noreturn]] void fail(const Origin &origin, const std::string &pointer, const std::string &what) {
    throw PipelineError({{origin.label + "#" + pointer, what}});
}

bool changes_type(const Json &target, const Json &patch) {
    return target.is_object() && target.contains("type") && patch.contains("type") &&
           target.at("type") != patch.at("type");
}

/// RFC 7396: objects are merged, null removes, anything else replaces. But an object whose "type"
/// changes is another component, and inherits nothing from the old one.
void merge(Json &target, Origins &origins, const Json &patch, const Origins &patch_origins,
           const std::string &pointer) {
    if (!target.is_object() || changes_type(target, patch)) {
        target = Json::object();
        origins.set(pointer, patch_origins.shared(pointer));
    }
    for (const auto &[name, value] : patch.items()) {
        const std::string here = child_pointer(pointer, name);
        if (value.is_null()) {
            target.erase(name);
        } else if (value.is_object()) {
            if (!target.contains(name)) origins.set(here, patch_origins.shared(here));
            merge(target[name], origins, value, patch_origins, here);
        } else {
            target[name] = value;
            origins.copy(here, patch_origins, here);
        }
    }
}

/// Reads files, keeping track of the open ones to detect cycles.
class Reader {
  public:
    Source read(const fs::path &file) {
        std::error_code error;
        const fs::path path = fs::weakly_canonical(fs::absolute(file, error), error);
        const std::string text = read_text(file);
        open_.push_back(path);
        const std::string label = file == standard_input ? "standard input" : file.string();
        Source source = parse(text, {folder_of(file), label});
        open_.pop_back();
        return source;
    }

    Source parse(std::string_view text, const Origin &origin) {
        Source own{parse_json(text, origin.label), Origins(origin)};
        if (!own.root.is_object())
            throw PipelineError({{origin.label, "expected a JSON object, the pipeline"}});
        const std::vector<std::string> bases = extended(own.root, origin);
        if (bases.empty()) return own;
        Source whole{Json::object(), Origins(origin)};
        for (std::size_t i = 0; i < bases.size(); ++i) {
            const Source base = read_base(bases[i], origin, i);
            merge(whole.root, whole.origins, base.root, base.origins, "");
        }
        merge(whole.root, whole.origins, own.root, own.origins, "");
        return whole;
    }

  private:
    /// The names in "extends", which is removed.
    static std::vector<std::string> extended(Json &root, const Origin &origin) {
        const auto found = root.find("extends");
        if (found == root.end()) return {};
        const Json value = *found;
        root.erase("extends");
        std::vector<std::string> names;
        for (const Json &name : value.is_array() ? value : Json::array({value})) {
            if (!name.is_string())
                fail(origin, "/extends", "expected a file's name or a list of them");
            names.push_back(name.get<std::string>());
        }
        return names;
    }

    Source read_base(const std::string &name, const Origin &origin, std::size_t index) {
        const std::string pointer = child_pointer("/extends", index);
        const fs::path file = fs::path(origin.label).parent_path() / name;
        const fs::path path = origin.folder / name;
        std::error_code error;
        const fs::path canonical = fs::weakly_canonical(path, error);
        if (std::find(open_.begin(), open_.end(), canonical) != open_.end())
            fail(origin, pointer, "a file extends itself by way of " + quote(name));
        if (open_.size() >= deepest_chain || ++files_ > most_files)
            fail(origin, pointer, "too many files that extend one another");
        if (!fs::exists(path, error))
            fail(origin, pointer, "the file " + quote(path.string(), 300) + " does not exist");
        return read(fs::equivalent(file, path, error) ? file : path);
    }

    std::vector<fs::path> open_;
    std::size_t files_ = 0;
};

}  // namespace

Source read_source(const fs::path &file) {
    return Reader().read(file);
}

Source parse_source(std::string_view text, const Origin &origin) {
    return Reader().parse(text, origin);
}

}  // namespace spar::host
