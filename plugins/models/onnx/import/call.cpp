#include "import/call.hpp"

#include <algorithm>
#include <limits>

namespace onnx {

std::string node_text(const Node &node) {
    std::string name = node.name;
    if (name.empty() && !node.outputs.empty()) name = node.outputs[0];
    return "node \"" + name + "\" (" + node.type + ")";
}

std::string dims_text(const Activation &activation) {
    std::string text;
    for (const Axis &axis : activation.axes) {
        text += text.empty() ? "" : ", ";
        if (!axis.batch || axis.size > 1) text += std::to_string(axis.size);
        if (axis.batch) text += axis.size > 1 ? " * batch" : "batch";
    }
    return "[" + text + "]";
}

void Call::refuse(const std::string &fault, const std::string &remedy) const {
    throw spar::invalid(node_text(node) + ": " + fault + (remedy.empty() ? "" : "; " + remedy),
                        "/file");
}

bool Call::has(std::size_t i) const {
    return i < node.inputs.size() && !node.inputs[i].empty();
}

const Known &Call::input(std::size_t i) const {
    if (!has(i)) refuse("its input " + std::to_string(i + 1) + " is missing");
    const Known *known = importer.find(node.inputs[i]);
    if (known == nullptr)
        refuse("it reads \"" + node.inputs[i] +
                   "\", which no initialiser, input or earlier node provides",
               "check the file with onnx.checker.check_model");
    return *known;
}

const Activation &Call::activation(std::size_t i) const {
    const Known &known = input(i);
    if (const auto *found = std::get_if<Activation>(&known)) return *found;
    refuse("its input " + std::to_string(i + 1) +
               " is a constant, expected one that depends on the examples",
           "fold constants when exporting: do_constant_folding=True");
}

const Constant &Call::constant(std::size_t i, const char *what) const {
    const Known &known = input(i);
    if (const auto *found = std::get_if<Constant>(&known)) return *found;
    refuse(std::string("its ") + what + " (input " + std::to_string(i + 1) +
               ") depends on the examples, expected a constant",
           "export with a fixed size of everything but the batch");
}

std::vector<std::int64_t> Call::integers(std::size_t i, const char *what) const {
    const Constant &found = constant(i, what);
    if (!found.integer || found.dims.size() > 1)
        refuse(std::string("its ") + what + " should be a row of integers");
    std::vector<std::int64_t> values;
    for (const Number &number : found.numbers) {
        if (number.batch != 0)
            refuse(std::string("its ") + what + " depends on the number of examples");
        values.push_back(number.fixed);
    }
    return values;
}

float Call::scalar(std::size_t i, const char *what) const {
    const Constant &found = constant(i, what);
    if (found.integer || found.size() != 1)
        refuse(std::string("its ") + what + " should be one number");
    return found.floats[0];
}

static const Attribute *attribute(const Call &call, const char *name, Attribute::Kind kind) {
    const auto found = call.node.attributes.find(name);
    if (found == call.node.attributes.end() || found->second.kind == Attribute::Kind::none)
        return nullptr;
    if (found->second.kind != kind)
        call.refuse(std::string("its attribute \"") + name + "\" has another type than expected");
    return &found->second;
}

std::int64_t Call::integer(const char *name, std::int64_t otherwise) const {
    const Attribute *found = attribute(*this, name, Attribute::Kind::integer);
    return found != nullptr ? found->integer : otherwise;
}

float Call::number(const char *name, float otherwise) const {
    const Attribute *found = attribute(*this, name, Attribute::Kind::number);
    return found != nullptr ? found->number : otherwise;
}

std::string Call::text(const char *name, const char *otherwise) const {
    const Attribute *found = attribute(*this, name, Attribute::Kind::text);
    return found != nullptr ? found->text : otherwise;
}

std::vector<std::int64_t> Call::integers(const char *name,
                                         const std::vector<std::int64_t> &otherwise) const {
    const Attribute *found = attribute(*this, name, Attribute::Kind::integers);
    return found != nullptr ? found->integers : otherwise;
}

std::vector<std::int64_t> Call::axes(std::size_t i, const char *name) const {
    return has(i) ? integers(i, name) : integers(name);
}

std::size_t Call::axis(std::int64_t given, std::size_t rank) const {
    const auto count = static_cast<std::int64_t>(rank);
    if (given < -count || given >= count)
        refuse("there is no axis " + std::to_string(given) + " among " + std::to_string(rank));
    return static_cast<std::size_t>(given < 0 ? given + count : given);
}

void Call::give(Known value, std::size_t output) {
    if (output >= node.outputs.size() || node.outputs[output].empty()) return;
    importer.give(node, node.outputs[output], std::move(value));
}

}  // namespace onnx
