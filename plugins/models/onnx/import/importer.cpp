#include "import/importer.hpp"

#include "graph/reorder.hpp"
#include "import/call.hpp"
#include "import/movement.hpp"
#include "operators/operators.hpp"

#include <algorithm>
#include <set>

namespace onnx {
namespace {

constexpr const char *other_exporter =
    "another export may do without it: torch.onnx.export(net.eval(), x, \"net.onnx\", "
    "dynamo=False, opset_version=17, input_names=[\"x\"], dynamic_axes={\"x\": {0: \"batch\"}})";

Constant constant_of(const Tensor &tensor) {
    Constant constant{tensor.dims, is_integer(tensor.type), tensor.floats, {}, {}};
    for (const std::int64_t value : tensor.integers) constant.numbers.push_back({value, 0});
    return constant;
}

}  // namespace

Importer::Importer(const Model &model, sequential::Graph &into, Book &parameters,
                   const Shape &examples, bool channels_last)
    : graph(into), book(parameters), model_(model) {
    if (model.opset < 7)
        throw spar::invalid("the file has operators of version " + std::to_string(model.opset) +
                                ", expected 7 or later; convert it with onnx.version_converter",
                            "/file");
    read_initialisers();
    read_input(examples, channels_last);
}

void Importer::read_initialisers() {
    for (const std::string &name : model_.initialiser_names) {
        const Tensor &tensor = model_.initialisers.at(name);
        Constant constant = constant_of(tensor);
        if (!constant.integer) {
            book.declare(name, tensor);
            constant.origin = std::make_shared<const Origin>(Origin{name, {}});
        }
        known_.emplace(name, std::move(constant));
    }
}

const Known *Importer::find(const std::string &name) const {
    const auto found = known_.find(name);
    return found == known_.end() ? nullptr : &found->second;
}

void Importer::give(const Node &node, const std::string &name, Known value) {
    // A file of a few bytes could ask for more than there is.
    constexpr std::int64_t most = 4 * most_values;
    if (const auto *constant = std::get_if<Constant>(&value))
        spent_ += constant->size();
    else
        spent_ += std::get<Activation>(value).size();
    if (spent_ > most)
        throw spar::invalid(node_text(node) + ": with it the nodes have more than " +
                                std::to_string(most) + " values of an example",
                            "/file");
    if (!known_.emplace(name, std::move(value)).second)
        throw spar::invalid(node_text(node) + ": it writes \"" + name +
                                "\", which something else has written; every tensor needs a name "
                                "of its own",
                            "/file");
}

Activation Importer::activation(int value, std::vector<Axis> axes, bool learned) const {
    return {value, std::move(axes), learned};
}

int Importer::plain(const Activation &activation, const Shape &shape) {
    const auto found = plain_.find({activation.value, shape});
    if (found != plain_.end()) return found->second;
    int value = activation.value;
    if (graph.value(value).blocked()) {
        const auto [place, fresh] =
            plain_.emplace(std::pair(value, Shape{-1}), -1);  // in the shape it has
        if (fresh) place->second = sequential::to_plain(graph, value);
        value = place->second;
    }
    if (graph.value(value).shape != shape) value = graph.add_view(value, shape);
    plain_.emplace(std::pair(activation.value, shape), value);
    return value;
}

int Importer::image(const Activation &activation, const Shape &shape) {
    const sequential::Value &value = graph.value(activation.value);
    if (value.blocked() && value.image == shape && value.shape == shape) return activation.value;
    return plain(activation, shape);
}

const Node *Importer::producer(const std::string &name) const {
    const auto found = producers_.find(name);
    return found == producers_.end() ? nullptr : found->second;
}

const Node *Importer::only_reader(const std::string &name) const {
    const auto readers = readers_.find(name);
    if (name == output_ || readers == readers_.end() || readers->second.size() != 1) return nullptr;
    const Node *reader = readers->second[0];
    return reader->outputs.empty() || find_operator(*reader) == nullptr ? nullptr : reader;
}

std::optional<sequential::Rectifier> Importer::take_rectifier(const Node &node) {
    const Node *reader = only_reader(node.outputs[0]);
    if (reader == nullptr || (reader->type != "Relu" && reader->type != "LeakyRelu"))
        return std::nullopt;
    const float slope = reader->type == "Relu" ? 0 : Call(*this, *reader).number("alpha", 0.01F);
    if (!(slope >= 0) || slope > 1) return std::nullopt;
    taken_[reader->outputs[0]] = node.outputs[0];
    return sequential::Rectifier{slope};
}

const Constant *Importer::take_bias(const Node *&last, std::int64_t width) {
    const std::string &name = last->outputs[0];
    const Node *reader = only_reader(name);
    if (reader == nullptr || reader->type != "Add" || reader->inputs.size() != 2) return nullptr;
    const Known *other = find(reader->inputs[reader->inputs[0] == name ? 1 : 0]);
    const auto *bias = other != nullptr ? std::get_if<Constant>(other) : nullptr;
    if (bias == nullptr || bias->integer || bias->size() != width || bias->dims.size() != 1)
        return nullptr;
    taken_[reader->outputs[0]] = name;
    last = reader;
    return bias;
}

void Importer::note_parameters(int value) {
    if (stage_) return;
    stage_ = {graph.operations.size(), value};
    stage_parameters_ = graph.parameters.size();
}

/// Which nodes an output depends on.
std::vector<bool> Importer::needed(const std::string &output) const {
    std::vector<bool> needed(model_.nodes.size(), false);
    std::vector<std::string> open{output};
    while (!open.empty()) {
        const Node *node = producer(open.back());
        open.pop_back();
        if (node == nullptr) continue;
        const auto place = static_cast<std::size_t>(node - model_.nodes.data());
        if (needed[place]) continue;
        needed[place] = true;
        open.insert(open.end(), node->inputs.begin(), node->inputs.end());
    }
    return needed;
}

void Importer::run(const Node &node) {
    if (!node.outputs.empty() && taken_.contains(node.outputs[0]))
        return give(node, node.outputs[0], known_.at(taken_.at(node.outputs[0])));
    const Operator *found = find_operator(node);
    Call call(*this, node);
    if (found == nullptr)
        call.refuse("this operator " +
                        (node.domain.empty() ? "" : "of the domain \"" + node.domain + "\" ") +
                        "is not supported",
                    other_exporter);
    try {
        found->run(call);
    } catch (const spar::Error &error) {
        const std::string what = error.what();
        if (error.pointer() == "/file" || error.code() != SPAR_E_INVALID) throw;
        call.refuse(what);
    }
}

void Importer::build(const std::string &output, bool cut_softmax) {
    std::set<std::string> written;
    for (const Node &node : model_.nodes)
        for (const std::string &name : node.outputs)
            if (!name.empty() && !producers_.emplace(name, &node).second)
                Call(*this, node)
                    .refuse("it writes \"" + name +
                            "\", which another node writes too; every tensor needs a "
                            "name of its own");
    if (output.empty() && model_.outputs.empty())
        throw spar::invalid("the graph has no output", "/file");
    output_ = output.empty() ? model_.outputs[0].name : output;
    if (producer(output_) == nullptr)
        throw spar::invalid("no node writes the output \"" + output_ + "\"",
                            output.empty() ? "/file" : "/output");
    const Node *last = producer(output_);
    while (last != nullptr && last->type == "Identity" && last->inputs.size() == 1)
        last = producer(last->inputs[0]);
    ends_in_softmax_ = last != nullptr && last->type == "Softmax" && !cut_softmax;
    if (cut_softmax) {
        if (last == nullptr || last->type != "Softmax" || last->inputs.empty())
            throw spar::invalid("there is no softmax to cut: \"" + output_ + "\" is written by " +
                                    (last != nullptr ? node_text(*last) : "no node"),
                                "/cut");
        output_ = last->inputs[0];
    }
    const std::vector<bool> needed = this->needed(output_);
    for (std::size_t i = 0; i < needed.size(); ++i)
        if (needed[i])
            for (const std::string &name : model_.nodes[i].inputs)
                readers_[name].push_back(&model_.nodes[i]);
    for (std::size_t i = 0; i < needed.size(); ++i)
        if (needed[i]) run(model_.nodes[i]);
    finish(output_);
}

void Importer::finish(const std::string &output) {
    const auto *activation = std::get_if<Activation>(&known_.at(output));
    if (activation == nullptr)
        throw spar::invalid("the output \"" + output + "\" does not depend on the input", "/file");
    const Axis &batch = activation->axes[activation->batch_axis()];
    const auto wide =
        std::ranges::count_if(activation->axes, [](const Axis &axis) { return axis.size > 1; });
    if (batch.size > 1 || wide > 1)
        throw spar::invalid("the output \"" + output + "\" has the shape " +
                                dims_text(*activation) +
                                ", expected [batch, classes]; name another tensor with \"output\", "
                                "or export a model that returns one row an example",
                            "/file");
    const int value = plain(*activation, {activation->size()});
    if (graph.operations.empty()) throw spar::invalid("the model computes nothing", "/file");
    std::int64_t all = 0;  // values of an example, each well below the most
    for (const sequential::Value &one : graph.values()) all += one.stride();
    if (all > most_values)
        throw spar::invalid("the model computes " + std::to_string(all) + " values for each " +
                                "example, expected at most " + std::to_string(most_values),
                            "/file");
    set_stage();
    graph.finish(value);
}

/// The first operation with parameters, with what precedes it, is the first stage if everything
/// after it reads its output alone.
void Importer::set_stage() {
    if (!stage_ || book.ties()) return;
    const auto [count, end] = *stage_;
    std::set<int> before{0};
    for (std::size_t i = 0; i < count; ++i)
        before.insert(graph.operations[i]->outputs.begin(), graph.operations[i]->outputs.end());
    std::set<int> made;
    for (const auto &operation : graph.operations)
        made.insert(operation->outputs.begin(), operation->outputs.end());
    for (std::size_t i = count; i < graph.operations.size(); ++i)
        for (int id : graph.operations[i]->inputs) {
            while (!made.contains(id) && graph.value(id).shares_value >= 0)
                id = graph.value(id).shares_value;
            if (id != end && before.contains(id)) return;
        }
    graph.stage_end = end;
    graph.stage_operations = count;
    graph.stage_parameters = stage_parameters_;
}

}  // namespace onnx
