#include "base/problems.hpp"

#include "base/words.hpp"

namespace spar::host {
namespace {

constexpr std::size_t most_printed = 50;

std::string one_text(const std::vector<Problem> &problems) {
    std::string text;
    for (std::size_t i = 0; i < problems.size(); ++i) {
        if (i == most_printed)
            return text + "\n... and " + std::to_string(problems.size() - i) + " more";
        text += (i == 0 ? "" : "\n") + escaped(problems[i].place, problems[i].place.size()) + ": " +
                problems[i].message;
    }
    return text;
}

}  // namespace

PipelineError::PipelineError(std::vector<Problem> problems, Exit exit)
    : Failure(exit, one_text(problems)), problems_(std::move(problems)) {}

std::string child_pointer(std::string_view pointer, std::string_view name) {
    std::string child(pointer);
    child += '/';
    for (const char c : name) {
        if (c == '~')
            child += "~0";
        else if (c == '/')
            child += "~1";
        else
            child += c;
    }
    return child;
}

std::string child_pointer(std::string_view pointer, std::size_t index) {
    return std::string(pointer) + "/" + std::to_string(index);
}

}  // namespace spar::host
