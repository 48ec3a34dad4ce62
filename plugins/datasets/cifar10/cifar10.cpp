#include "../common/values.hpp"

namespace {

constexpr std::int64_t pixels = 3L * 32 * 32;

/// The beginning of a record: the number of label bytes, and which of them is the class.
struct Layout {
    std::int64_t label_bytes, class_byte, classes;
    std::int64_t record() const { return label_bytes + pixels; }
};

class Cifar10 : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "cifar10",
        .summary =
            "CIFAR-10 in its binary format: records of one label and 32x32 pixels of three "
            "colours.",
        .formula = "bytes become values in [0,1] as byte/255; shape [3, 32, 32]",
        .reference = "Krizhevsky 2009, Learning multiple layers of features from tiny images",
        .example = R"({"version":2,"name":"cifar10","seed":1,
 "data":{"train":{"type":"cifar10","files":["data_batch_1.bin"]},
         "test":{"type":"cifar10","files":["test_batch.bin"]}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.03137},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.01},"epochs":1,"batch_size":100},
 "evaluate":{"examples":100,"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Paths files_{
        this, "files", "files of records, read in order", {}, {.min_items = 1, .max_items = 1000}};
    spar::Choice labels{
        this,
        "labels",
        "cifar10, or the fine (100) or coarse (20) classes of CIFAR-100, whose records "
        "hold both",
        {"cifar10", "fine", "coarse"},
        {.fallback = "cifar10"}};

    spar::DatasetInfo info() override {
        if (labels_.empty()) open();
        return {.size = static_cast<std::int64_t>(labels_.size()),
                .shape = {3, 32, 32},
                .outputs = layout().classes};
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        values_.read(index, out.x);
        *out.label = labels_[static_cast<std::size_t>(index)];
    }

    std::vector<std::string> files() const override { return *files_; }

    std::string class_name(std::int64_t index) const override {
        static constexpr std::array names{"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};
        const bool known = labels.is("cifar10") && index >= 0 && index < std::ssize(names);
        return known ? names[static_cast<std::size_t>(index)] : "";
    }

  private:
    Layout layout() const {
        if (labels.is("coarse")) return {2, 0, 20};
        if (labels.is("fine")) return {2, 1, 100};
        return {1, 0, 10};
    }

    void open() {
        std::vector<std::int64_t> found;
        datasets::Bytes levels;
        for (const std::string &path : *files_) append(path, found, levels);
        const auto count = static_cast<std::int64_t>(found.size());
        const std::vector<std::int64_t> shape{count, 3, 32, 32};
        values_ = datasets::Values({{files_->front(),
                                     {datasets::Element::Unsigned, 1, false},
                                     shape,
                                     datasets::row_major(shape)},
                                    levels},
                                   {});
        labels_ = std::move(found);
    }

    void append(const std::string &path, std::vector<std::int64_t> &found,
                datasets::Bytes &levels) const {
        const datasets::InputFile file(path);
        const Layout format = layout();
        const std::int64_t size = file.size();
        if (const std::string kind = file.kind(); !kind.empty())
            throw datasets::wrong(path, "is " + kind +
                                            ", expected records in the binary format: unpack "
                                            "cifar-10-binary.tar.gz (cifar-100-binary.tar.gz) and "
                                            "name its .bin files");
        if (size == 0 || size % format.record() != 0)
            throw datasets::wrong(
                path,
                "holds " + std::to_string(size) + " bytes, expected records of " +
                    std::to_string(format.record()) + ": " +
                    (size == 0 ? "it is empty"
                               : std::to_string(size % format.record()) + " bytes are left over"));
        constexpr std::int64_t records_at_once = 100;
        const std::int64_t step = records_at_once * format.record();
        for (std::int64_t begin = 0; begin < size; begin += step) {
            const datasets::Bytes bytes = file.read(begin, step);
            for (std::size_t at = 0; at < bytes.size(); at += format.record()) {
                const auto record = bytes.begin() + static_cast<std::ptrdiff_t>(at);
                const std::int64_t label = record[format.class_byte];
                if (label >= format.classes)
                    throw wrong_label(path, begin + static_cast<std::int64_t>(at), label);
                found.push_back(label);
                levels.insert(levels.end(), record + format.label_bytes, record + format.record());
            }
        }
    }

    spar::Error wrong_label(const std::string &path, std::int64_t at, std::int64_t label) const {
        const Layout format = layout();
        return datasets::wrong(path, "record " + std::to_string(at / format.record()) + " (byte " +
                                         std::to_string(at + format.class_byte) +
                                         ") has the label " + std::to_string(label) +
                                         ", expected 0 to " + std::to_string(format.classes - 1));
    }

    datasets::Values values_;
    std::vector<std::int64_t> labels_;
};

}  // namespace

SPAR_PLUGIN("cifar10", "1.0.0", Cifar10)
