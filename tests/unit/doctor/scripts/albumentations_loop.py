import albumentations as A
from albumentations.pytorch import ToTensorV2
import cv2

transform = A.Compose([  # doctor: albumentations
    A.RandomResizedCrop(size=(224, 224), scale=(0.5, 1)),  # doctor: albumentations
    A.HorizontalFlip(p=0.5),  # doctor: albumentations
    A.ShiftScaleRotate(shift_limit=0.05, scale_limit=0.1, rotate_limit=15, p=0.5),  # doctor: albumentations
    A.RandomBrightnessContrast(p=0.2),  # doctor: albumentations
    A.OneOf([A.GaussianBlur(), A.MotionBlur()], p=0.1),  # doctor: albumentations
    A.Normalize(),  # doctor: albumentations
    ToTensorV2(),  # doctor: albumentations
])
picture = transform(image=cv2.imread("a.png"))["image"]
