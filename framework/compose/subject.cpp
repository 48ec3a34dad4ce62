#include "compose/subject.hpp"

#include "base/failure.hpp"
#include "base/words.hpp"
#include "run/run_files.hpp"

#include <fmt/format.h>

namespace spar::host {

namespace fs = std::filesystem;

Subject subject_of(const std::string &text) {
    using enum Subject::Kind;
    const auto wrong = [&](const std::string &what) -> Failure {
        return {Exit::usage, fmt::format("{}: {}", quote(text, 200), what)};
    };
    // A colon may be part of a file's name.
    const std::size_t call = text.rfind(".py:");
    const bool named = call != std::string::npos && !fs::exists(text);
    const fs::path path = named ? text.substr(0, call + 3) : text;
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
        throw wrong(
            "there is no such file; expected weights (.safetensors, .pt, .pth), a model "
            "(.onnx, or net.py:net), a pipeline, or a run's folder");
    if (fs::is_directory(status)) {
        if (!fs::exists(path / run_files::plan))
            throw wrong("the folder is not a run's: it has no plan.json");
        return {run, absolute, {}};
    }
    if (named) {
        const std::string function = text.substr(call + 4);
        if (function.empty()) throw wrong("expected a name after the colon, as in net.py:net");
        return {python, absolute, function};
    }
    const std::string name = path.filename().string();
    if (name.ends_with(".py"))
        throw wrong("which of its functions or modules? Say so after a colon, as in net.py:net");
    if (name.ends_with(".onnx")) return {onnx, absolute, {}};
    if (name.ends_with(".json") && !name.ends_with(".index.json")) return {pipeline, absolute, {}};
    return {weights, absolute, {}};
}

}  // namespace spar::host
