#include "app/commands.hpp"
#include "app/output.hpp"
#include "base/words.hpp"
#include "compose/describe.hpp"
#include "compose/subject.hpp"
#include "plugins/registry.hpp"

#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <charconv>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// 3,32,32 or 3x32x32.
std::vector<std::int64_t> shape_of(const std::string &text) {
    std::vector<std::int64_t> shape;
    const char *at = text.data(), *const end = at + text.size();
    while (at != end) {
        std::int64_t extent = 0;
        const auto [stop, error] = std::from_chars(at, end, extent);
        const bool separated = stop == end || ((*stop == ',' || *stop == 'x') && stop + 1 != end);
        if (error != std::errc() || extent < 1 || extent > 1 << 24 || !separated ||
            shape.size() == SPAR_MAX_RANK)
            throw Failure(Exit::usage,
                          "model: --input: expected the shape of one example, as in "
                          "3,32,32; found " +
                              quote(text));
        shape.push_back(extent);
        at = stop == end ? end : stop + 1;
    }
    return shape;
}

std::string rows_of(const Json &tensors) {
    std::size_t width = 0;
    for (const Json &row : tensors)
        width = std::max(width, escaped(row.at("name").get<std::string>(), 200).size());
    std::string text;
    for (const Json &row : tensors) {
        const auto shape = row.at("shape").get<std::vector<std::int64_t>>();
        const std::string note = row.contains("type")            ? row.at("type").get<std::string>()
                                 : row.at("trained").get<bool>() ? ""
                                                                 : "not trained";
        text += fmt::format("  {:<{}}  {:<16}  {:>12}  {}\n",
                            escaped(row.at("name").get<std::string>(), 200), width,
                            shape_text(shape), product(shape), note);
    }
    return text;
}

std::string weights_text(const Json &described) {
    const auto file = described.at("file").get<std::string>();
    return fmt::format("{}: weights, {} tensors, {} numbers\n", escaped(file, file.size()),
                       described.at("tensors").size(),
                       described.at("numbers").get<std::int64_t>()) +
           rows_of(described.at("tensors")) +
           "To attack it: spar attack FILE --pipeline P.json, whose \"model\" these are the "
           "weights "
           "of\n";
}

std::string layers_text(const Json &layers) {
    std::size_t width = 5;
    for (const Json &layer : layers)
        width = std::max(width, layer.at("name").get<std::string>().size());
    std::string text = fmt::format("  {:<{}}  {:<16}  {:<16}  {:>12}  {:>14}\n", "layer", width,
                                   "type", "output", "parameters", "multiply-adds");
    for (const Json &layer : layers)
        text += fmt::format("  {:<{}}  {:<16}  {:<16}  {:>12}  {:>14}\n",
                            layer.at("name").get<std::string>(), width,
                            layer.at("type").get<std::string>(),
                            shape_text(layer.at("shape").get<std::vector<std::int64_t>>()),
                            layer.at("parameters").get<std::int64_t>(),
                            layer.at("multiply_adds").get<std::int64_t>());
    return text;
}

std::string model_text(const Json &described) {
    const Json &layers = described.at("layers"), &work = described.at("multiply_adds");
    std::string text = fmt::format(
        "model \"{}\": examples {}, {} outputs, {} trained numbers{}\n",
        described.at("model").get<std::string>(),
        shape_text(described.at("input").get<std::vector<std::int64_t>>()),
        described.at("outputs").get<std::int64_t>(), described.at("numbers").get<std::int64_t>(),
        work.is_null() ? ""
                       : fmt::format(", {} multiply-adds an example", work.get<std::int64_t>()));
    text += layers.empty() ? rows_of(described.at("parameters")) : layers_text(layers);
    const Json &attacks = described.at("attacks");
    text += fmt::format("Attacks in the space \"{}\", by norm:\n",
                        attacks.at("space").get<std::string>());
    for (const auto &[norm, names] : attacks.at("norms").items())
        text += fmt::format("  {:<5} {}\n", norm,
                            fmt::join(names.get<std::vector<std::string>>(), ", "));
    return text;
}

}  // namespace

int model_command(const Arguments &arguments) {
    const std::string &target = arguments.operands[0];
    const Subject subject = subject_of(target);
    if (subject.kind == Subject::Kind::weights) {
        const Json described = describe_weights(subject.path, arguments.value("key"));
        print(arguments.json ? pretty(described) : weights_text(described));
        return 0;
    }
    const Registry registry = find_plugins(arguments);
    const Json described = describe_model(
        {target, arguments.value("data"), shape_of(arguments.value("input"))}, registry);
    print(arguments.json ? pretty(described) : model_text(described));
    return 0;
}

}  // namespace spar::host
