#include "file/model.hpp"

#include "file/files.hpp"
#include "file/wire.hpp"

#include <spar/kit/file_kind.hpp>

#include <algorithm>
#include <filesystem>

namespace onnx {
namespace {

constexpr std::size_t most_nodes = 200000, most_names = 4096, most_attributes = 64,
                      most_numbers = 1 << 20;

class Reader {
  public:
    explicit Reader(std::string folder) : folder_(std::move(folder)) {}

    Model model(std::string_view bytes) {
        std::string_view graph;
        bool found = false;
        std::size_t functions = 0;
        for (Wire wire(bytes, "the model"); wire.next();) {
            if (wire.field() == 2) model_.producer = wire.text();
            if (wire.field() == 7) {
                graph = wire.bytes();
                found = true;
            }
            if (wire.field() == 8) opset(wire.bytes());
            if (wire.field() == 25) ++functions;
        }
        if (!found) throw spar::bad_data("not an ONNX model: it holds no graph");
        read_graph(graph);
        if (functions > 0 && std::ranges::any_of(model_.nodes, [](const Node &node) {
                return !node.domain.empty() && node.domain != "ai.onnx";
            }))
            throw spar::bad_data(
                "the model calls functions of its own; inline them: onnx.save(onnx.inliner."
                "inline_local_functions(onnx.load(\"net.onnx\")), \"net.onnx\")");
        return std::move(model_);
    }

  private:
    static void bound(std::size_t count, std::size_t most, const char *what) {
        if (count > most)
            throw spar::bad_data("the model has more than " + std::to_string(most) + " " + what);
    }

    void opset(std::string_view bytes) {
        std::string domain;
        std::int64_t version = 0;
        for (Wire wire(bytes, "an operator set"); wire.next();) {
            if (wire.field() == 1) domain = wire.text();
            if (wire.field() == 2) version = wire.integer();
        }
        if (domain.empty() || domain == "ai.onnx") model_.opset = version;
    }

    void read_graph(std::string_view bytes) {
        std::vector<Port> inputs;
        for (Wire wire(bytes, "the graph"); wire.next();) {
            switch (wire.field()) {
                case 1:
                    bound(model_.nodes.size(), most_nodes - 1, "nodes");
                    model_.nodes.push_back(node(wire.bytes()));
                    break;
                case 5:
                    add(parse_tensor(wire.bytes(), folder_));
                    break;
                case 11:
                    bound(inputs.size(), most_nodes - 1, "inputs");
                    inputs.push_back(port(wire.bytes()));
                    break;
                case 12:
                    bound(model_.outputs.size(), most_names - 1, "outputs");
                    model_.outputs.push_back(port(wire.bytes()));
                    break;
                case 15:
                    throw spar::bad_data(
                        "the model has sparse initialisers; export it with dense ones");
                default:
                    break;
            }
        }
        for (Port &input : inputs)
            if (!model_.initialisers.contains(input.name))
                model_.inputs.push_back(std::move(input));
    }

    void add(Tensor tensor) {
        bound(model_.initialisers.size(), most_nodes - 1, "initialisers");
        const std::string name = tensor.name;
        if (name.empty()) throw spar::bad_data("an initialiser has no name");
        if (!model_.initialisers.emplace(name, std::move(tensor)).second)
            throw spar::bad_data("two initialisers are called \"" + name + "\"");
        model_.initialiser_names.push_back(name);
    }

    Node node(std::string_view bytes) const {
        Node node;
        for (Wire wire(bytes, "a node"); wire.next();) {
            bound(node.inputs.size() + node.outputs.size(), most_names, "tensors at one node");
            if (wire.field() == 1) node.inputs.push_back(wire.text());
            if (wire.field() == 2) node.outputs.push_back(wire.text());
            if (wire.field() == 3) node.name = wire.text();
            if (wire.field() == 4) node.type = wire.text();
            if (wire.field() == 7) node.domain = wire.text();
            if (wire.field() != 5) continue;
            bound(node.attributes.size(), most_attributes, "attributes at one node");
            auto [name, value] = attribute(wire.bytes());
            node.attributes[name] = std::move(value);
        }
        return node;
    }

    std::pair<std::string, Attribute> attribute(std::string_view bytes) const {
        std::string name;
        Attribute a;
        const auto is = [&](Attribute::Kind kind) { a.kind = kind; };
        for (Wire wire(bytes, "an attribute"); wire.next();) {
            switch (wire.field()) {
                case 1:
                    name = wire.text();
                    break;
                case 2:
                    a.number = wire.number(), is(Attribute::Kind::number);
                    break;
                case 3:
                    a.integer = wire.integer(), is(Attribute::Kind::integer);
                    break;
                case 4:
                    a.text = wire.text(), is(Attribute::Kind::text);
                    break;
                case 5:
                    a.tensor = parse_tensor(wire.bytes(), folder_);
                    is(Attribute::Kind::tensor);
                    break;
                case 7:
                    wire.add_numbers(a.numbers, most_numbers);
                    is(Attribute::Kind::numbers);
                    break;
                case 8:
                    wire.add_integers(a.integers, most_numbers);
                    is(Attribute::Kind::integers);
                    break;
                case 6:
                case 9:
                case 10:
                case 11:
                case 22:
                case 23:
                    is(Attribute::Kind::other);
                    break;
                default:
                    break;
            }
        }
        return {name, std::move(a)};
    }

    static Port port(std::string_view bytes) {
        Port port;
        for (Wire wire(bytes, "an input or output"); wire.next();) {
            if (wire.field() == 1) port.name = wire.text();
            if (wire.field() != 2) continue;
            for (Wire type(wire.bytes(), "a type"); type.next();) {
                if (type.field() != 1) continue;
                for (Wire tensor(type.bytes(), "a tensor's type"); tensor.next();) {
                    if (tensor.field() == 1) port.type = static_cast<ElementType>(tensor.integer());
                    if (tensor.field() == 2) port.shape = shape(tensor.bytes());
                }
            }
        }
        return port;
    }

    static std::vector<Port::Dimension> shape(std::string_view bytes) {
        std::vector<Port::Dimension> dims;
        for (Wire wire(bytes, "a shape"); wire.next();) {
            if (wire.field() != 1) continue;
            bound(dims.size(), most_axes - 1, "axes at one input");
            Port::Dimension dim;
            for (Wire one(wire.bytes(), "a dimension"); one.next();) {
                if (one.field() == 1) dim.size = one.integer();
                if (one.field() == 2) dim.symbol = one.text();
            }
            dims.push_back(dim);
        }
        return dims;
    }

    std::string folder_;
    Model model_;
};

}  // namespace

Model parse_model(std::string_view bytes, const std::string &folder) {
    return Reader(folder).model(bytes);
}

Model read_model(const std::string &path) {
    try {
        const std::string bytes = read_file(path);
        const std::string kind =
            spar::file_kind(std::string_view(bytes).substr(0, spar::file_kind_bytes));
        if (!kind.empty())
            throw spar::bad_data("it is " + kind +
                                 ", expected a model as torch.onnx.export(net, x, \"net.onnx\") "
                                 "writes it");
        return parse_model(bytes, std::filesystem::path(path).parent_path().string());
    } catch (const spar::Error &error) {
        const std::string what = error.what();
        throw spar::bad_data(what.starts_with(path) ? what : path + ": " + what);
    }
}

}  // namespace onnx
