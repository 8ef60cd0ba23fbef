"""Tells unfamiliar images from familiar ones by how badly the trained autoencoder redraws them."""

import ingot
import numpy as np
from sklearn.metrics import roc_auc_score


def main():
    model = ingot.load("libautoencoder.so")

    def errors(pixels):
        return np.square(model.run({"x": pixels})["image"] - pixels).mean(1)

    val, test = np.load("val.npz"), np.load("test.npz")
    threshold = np.quantile(errors(val["pixels"]), 0.95)
    found, isNormal = errors(test["pixels"]), test["isNormal"]
    print(f"threshold {threshold:.4f}: 95 % of the validation images lie below")
    print(f"false alarms {(found[isNormal] > threshold).mean():.3f} of {isNormal.sum()} familiar images")
    print(f"detected {(found[~isNormal] > threshold).mean():.3f} of {(~isNormal).sum()} unfamiliar images")
    print(f"AUC {roc_auc_score(~isNormal, found):.4f}")


if __name__ == "__main__":
    main()
