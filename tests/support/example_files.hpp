// The data files that the examples of the shipped components name, made small.
#pragma once

#include "plugin_loader.hpp"

#include "run/npz.hpp"

#include <spar/philox.hpp>

#include <zlib.h>
#include <numeric>

namespace spar::test {

/// Bytes of noise and their labels, i mod 10: what the files hold.
struct NoiseImages {
    NoiseImages(std::int64_t count, std::int64_t pixels)
        : labels(static_cast<std::size_t>(count), '\0') {
        Random random(77, count);
        for (std::int64_t i = 0; i < count * pixels; ++i)
            values.push_back(static_cast<char>(random.below(i, 256)));
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<char>(i % 10);
    }
    std::string values, labels;
};

inline void write_gzip(const std::string &file, const std::string &content) {
    gzFile out = gzopen(file.c_str(), "wb");
    REQUIRE(out != nullptr);
    REQUIRE(gzwrite(out, content.data(), static_cast<unsigned>(content.size())) > 0);
    REQUIRE(gzclose(out) == Z_OK);
}

inline void write_npz(const std::string &file, std::int64_t count) {
    Random random(78, count);
    std::vector<float> x(static_cast<std::size_t>(count * 64));
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(random.uniform(static_cast<std::int64_t>(i)));
    std::vector<std::int64_t> y(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<std::int64_t>(i % 10);
    host::save_npz(file, {{"x", "<f4", {count, 8, 8}, std::as_bytes(std::span(x))},
                          {"y", "<i8", {count}, std::as_bytes(std::span(y))}});
}

/// Labelled lines of four words.
inline std::string write_lines(std::int64_t count) {
    Random random(79, count);
    std::string text;
    for (std::int64_t i = 0; i < count; ++i) {
        text += std::to_string(i % 2) + "\t";
        for (std::int64_t word = 0; word < 4; ++word)
            text += "w" + std::to_string(random.below(4 * i + word, 20)) + (word < 3 ? " " : "\n");
    }
    return text;
}

/// A linear function of an image's rows, with its gradient, in plain Python.
inline constexpr const char *net_file = R"(
def net(x):
    rows, w = [[sum(line) for line in image[0]] for image in x.tolist()], net.parameters["weight"].tolist()
    outputs = [[sum(map(float.__mul__, row, line)) for line in w] for row in rows]

    def pullback(at):
        at = at.tolist()
        at_rows = [[sum(map(float.__mul__, a, column)) for column in zip(*w)] for a in at]
        dx = [[[g] * x.shape[3] for g in row] for row in at_rows]
        dw = [[sum(map(float.__mul__, a, column)) for column in zip(*rows)] for a in zip(*at)]
        return dx, {"weight": dw}

    return outputs, pullback

net.parameters = {"weight": [[((7 * r + 3 * k) % 11 - 5) / 40 for r in range(28)] for k in range(10)]}
)";

/// A folder with all of them, there until the test ends.
inline const Folder &example_folder() {
    static const Folder folder;
    static const bool filled = [] {
        constexpr std::int64_t count = 120;
        const NoiseImages digits(count, 28 * 28), colours(count, 3072);
        const std::string images{0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28};
        const std::string labels{0, 0, 8, 1, 0, 0, 0, count};
        for (const std::string part : {"train", "t10k"}) {
            write_gzip(folder / (part + "-images-idx3-ubyte.gz"), images + digits.values);
            write_gzip(folder / (part + "-labels-idx1-ubyte.gz"), labels + digits.labels);
        }
        std::string records;
        for (std::size_t i = 0; i < count; ++i)
            records += colours.labels.substr(i, 1) + colours.values.substr(i * 3072, 3072);
        folder.write("data_batch_1.bin", records);
        folder.write("test_batch.bin", records);
        write_npz(folder / "train.npz", count);
        write_npz(folder / "test.npz", count);
        for (const std::string name : {"train.tsv", "dev.tsv"})
            folder.write(name, write_lines(count));
        std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nw\n";
        for (int digit = 0; digit < 10; ++digit) vocabulary += "##" + std::to_string(digit) + "\n";
        folder.write("vocab.txt", vocabulary);
        std::filesystem::copy_file(SPAR_SOURCE_DIR "/tests/plugins/models/onnx/example.onnx",
                                   folder / "net.onnx");
        folder.write("net.py", net_file);
        return true;
    }();
    REQUIRE(filled);
    return folder;
}

}  // namespace spar::test
